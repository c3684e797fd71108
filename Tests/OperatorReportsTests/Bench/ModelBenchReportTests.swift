// SPDX-License-Identifier: MIT
import BitNetEngine
import BitNetFormats
import OperatorReports
import Testing

@Suite struct ModelBenchReportTests {
    private var phase: ModelBench.Phase {
        var phase = ModelBench.Phase(name: "decode", sequences: 1, tokensPerRun: 1)
        phase.seconds = 0.02
        phase.sections = [(.embedding, 0.005), (.norms, 0.015), (.head, 0)]
        phase.byteCount = 200_000_000
        phase.readRate = 20e9
        phase.readRatio = 2
        phase.rounds = 3
        return phase
    }

    private func report(_ phases: [ModelBench.Phase]) -> ModelBenchReport {
        var options = ModelBench.Options()
        options.threadCount = 2
        return ModelBenchReport(
            model: "70b", machine: Samples.machine, options: options, isSynthetic: true,
            measuredLayerCount: 4, layerFactor: 20, layerByteCount: 1_000_000,
            memory: StageMemory(weights: 5_000_000, cache: 2_000_000, scratch: 1_000_000), phases: phases)
    }

    @Test func `people read the settings, the rates and where the time goes`() {
        #expect(
            report([phase]).text == """
                CPU, 2 processors; avx2 kernels, auto: dot product from 8 tokens
                70b: 80 layers, 2 threads, fast head, context 512, KV cache f16, prefill in steps of 512
                synthetic: weights are random
                measured with 4 layers; what layers take is scaled to 80
                resident 65 MB

                        tokens/s     ms  MB to read  read GB/s  read ms  by read  multiply ms  rounds
                decode     50.00  20.00         200       20.0    10.00     2.00            –       3

                ms of a step, and %  decode     %
                  embedding           5.000  25.0
                  norms              15.000  75.0

                """)
    }

    @Test func `a whole model is not said to be scaled or synthetic`() {
        var report = report([])
        report.isSynthetic = false
        report.layerFactor = 1
        #expect(
            report.text == """
                CPU, 2 processors; avx2 kernels, auto: dot product from 8 tokens
                70b: 4 layers, 2 threads, fast head, context 512, KV cache f16, prefill in steps of 512
                resident 8 MB

                  tokens/s  ms  MB to read  read GB/s  read ms  by read  multiply ms  rounds

                ms of a step, and %

                """)
    }

    @Test func `programs get the phases by their names`() {
        var other = phase
        other.multiplyAddCount = 1e9
        other.multiplyAddRate = 1e12
        let phases =
            #""decode":{"seconds":0.02,"tokens":1,"read_bytes":200000000,"#
            + #""read_bytes_per_second":20000000000.0,"read_seconds":0.01,"read_ratio":2.0,"#
            + #""multiply_seconds":null,"rounds":3,"sections":{"embedding":0.005,"norms":0.015}},"#
            + #""batch8":{"seconds":0.02,"tokens":1,"read_bytes":200000000,"#
            + #""read_bytes_per_second":20000000000.0,"read_seconds":0.01,"read_ratio":2.0,"#
            + #""multiply_seconds":0.001,"rounds":3,"sections":{"embedding":0.005,"norms":0.015}}}"#
        #expect(
            report([phase, other]).json.encoded
                == #"{"processor":"CPU","processors":2,"isa":"avx2","kernels":"auto","#
                + #""dot_product_from_tokens":8,"decode_tokens_per_second":50.0,"batch8_tokens_per_second":50.0,"#
                + #""resident_bytes":65000000.0,"model":"70b","synthetic":true,"layers":80,"layers_measured":4,"#
                + #""threads":2,"head":"fast","context":512,"cache_type":"f16","prefill_chunk":512,"#
                + #""weight_bytes":5000000,"cache_bytes":2000000,"scratch_bytes":1000000,"# + phases)
    }

    @Test func `figures that are none are dashes and null`() {
        var none = ModelBench.Phase(name: "decode", sequences: 1, tokensPerRun: 1)
        none.sections = [(.norms, .nan), (.head, 1)]
        let report = report([none])
        #expect(report.text.contains("decode         –  0.00           0        0.0        –     0.00"))
        #expect(report.text.contains("  head               1000.000  –"))
        #expect(report.json.encoded.contains(#""decode_tokens_per_second":null"#))
        #expect(report.json.encoded.contains(#""read_seconds":null"#))
    }
}
