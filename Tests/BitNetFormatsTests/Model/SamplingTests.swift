// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetSynthesis
import ModelTestSupport
import TestSupport
import Testing

/// How models recommend to choose tokens.
@Suite struct SamplingTests {
    @Test func `a GGUF recommends by llama.cpp's keys`() throws {
        var builder = TinyModel.builder()
        #expect(try openModel(builder.bytes).samplingDefaults == SamplingDefaults())
        builder.set("general.sampling.temp", float: 0.75)
        builder.set("general.sampling.top_k", integer: 20)
        builder.set("general.sampling.penalty_last_n", integers: [])
        let error = #expect(throws: ModelFileError.self) { try openModel(builder.bytes) }
        #expect(error?.subject == "general.sampling.penalty_last_n")
        builder.remove("general.sampling.penalty_last_n")
        builder.set("general.sampling.top_p", float: 1.5)
        let model = try openModel(builder.bytes)
        var expected = SamplingDefaults()
        expected.temperature = 0.75
        expected.topK = 20
        #expect(model.samplingDefaults == expected)
        #expect(model.warnings.contains { $0.contains("general.sampling.top_p is 1.5, which is ignored") })
    }

    @Test func `a directory recommends by generation_config.json`() async throws {
        let folder = try await written(try smallModel(family: "bitnet-b1.58"), SyntheticFormat(.packed))
        #expect(try ModelFile(path: folder.path).samplingDefaults == SamplingDefaults())
        try folder.remove("generation_config.json")
        #expect(try ModelFile(path: folder.path).samplingDefaults == SamplingDefaults())
        try folder.write(
            #"{"do_sample":true,"eos_token_id":null,"temperature":0.6,"top_p":0.95,"top_k":20,"min_p":"0","repetition_penalty":-1,"transformers_version":"5.0.0"}"#,
            to: "generation_config.json")
        let model = try ModelFile(path: folder.path)
        var expected = SamplingDefaults()
        expected.temperature = 0.6
        expected.topP = 0.95
        expected.topK = 20
        #expect(model.samplingDefaults == expected)
        #expect(model.warnings.contains { $0.contains("generation_config.json: repetition_penalty is -1.0") })
    }
}
