// SPDX-License-Identifier: MIT
import BitNetCore
import Hummingbird
import Testing

/// How tokens are chosen where a request does not say it.
@Suite struct SamplingDefaultTests {
    private static var defaults: SamplingDefaults {
        var defaults = SamplingDefaults()
        defaults.temperature = 0.6
        defaults.topK = 20
        defaults.topP = 0.95
        return defaults
    }

    private static let bodies = [
        ("/v1/chat/completions", #""messages":[{"role":"user","content":"Hi"}]"#),
        ("/v1/completions", #""prompt":"Hi""#),
    ]

    @Test(arguments: bodies)
    func `what a request says goes before the model's recommendation`(path: String, body: String) async throws
    {
        let generator = ScriptedGenerator(samplingDefaults: Self.defaults)
        let gateway = InProcess(generator)
        let wishes = ["", #","temperature":0,"top_p":null"#, #","top_k":-1,"top_p":1,"min_p":0.1"#]
        for wish in wishes {
            let reply = try await gateway.post(path, "{\(body)\(wish)}")
            #expect(reply.status == 200, "\(reply.body)")
        }
        let sampling = generator.requests.map(\.sampling)
        #expect(sampling.map(\.temperature) == [0.6, 0, 0.6])
        #expect(sampling.map(\.topK) == [20, 20, 0])
        #expect(sampling.map(\.topP) == [0.95, 0.95, 1])
        #expect(sampling.map(\.minP) == [0, 0, 0.1])
        #expect(sampling.map(\.repetitionPenalty) == [1, 1, 1])
    }

    @Test func `models tell what is recommended`() async throws {
        let gateway = InProcess(ScriptedGenerator(samplingDefaults: Self.defaults))
        let reply = try await gateway.send(.get, "/v1/models/tiny")
        #expect(reply.body.contains(#""default_sampling":{"temperature":0.6,"top_k":20,"top_p":0.95}"#))
        let silent = try await InProcess(ScriptedGenerator()).send(.get, "/v1/models/tiny")
        #expect(!silent.body.contains("default_sampling"))
    }
}
