// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetEngine
import BitNetFormats
import BitNetSynthesis
import ClusterCoordinator
import CommandLine
import OperatorReports

/// A whole model in one process, and where its time goes.
struct BenchModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "Measures a whole model in this process: decode, prefill, eight sequences at once.",
        discussion: """
            One stage holds all layers. Decoding is greedy, behind a KV cache that is filled with values of no \
            meaning; prefill reads 512 tokens. Beside each figure stands what only reading the bytes that a \
            step needs would take, measured between the steps. With --shape the weights are random, and layers \
            that are not measured are calculated from those that are.

            EXAMPLES
              bitnet-ctl bench model bitnet-2b-4t.gguf --threads 2
              bitnet-ctl bench model --shape 70b --layers 4 --json
            """)

    @Argument(help: ArgumentHelp("GGUF file or Hugging Face directory.", valueName: "path"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Random weights instead of a file: \(ModelShape.names).", valueName: "shape"))
    var shape: String?

    @Option(help: "With --shape: layers to measure; all by default, of 70b and 100b eight.")
    var layers: Int?

    @OptionGroup var threads: ThreadArguments
    @OptionGroup var head: HeadArguments

    @Option(help: "Tokens that a sequence holds while it is decoded.")
    var context = 512

    @Option(
        name: .shortAndLong,
        help: "Tokens that a sequence has room for, which is not to matter; as many as it holds by default.")
    var ctxSize: Int?

    @OptionGroup var cache: CacheArguments

    @Option(help: "Prompt tokens in one step.")
    var prefillChunk = 512

    @Option(help: ArgumentHelp("Prompt tokens.", visibility: .hidden))
    var prefillTokens = 512

    @Option(help: ArgumentHelp("Seconds that each figure is measured for, at least.", visibility: .hidden))
    var seconds = 4.0

    @OptionGroup var bench: BenchOptions

    func validate() throws {
        guard (model == nil) != (shape == nil) else {
            throw ValidationError("give either a model file or --shape")
        }
        let shape = try shape.map(BenchOptions.shape)
        if let layers {
            guard let shape else { throw ValidationError("--layers goes with --shape only") }
            guard (1...shape.description.layerCount).contains(layers) else {
                throw ValidationError("--layers must be 1...\(shape.description.layerCount)")
            }
        }
        guard (1...Limits.contextMax).contains(context) else {
            throw ValidationError("--context must be 1...\(Limits.contextMax)")
        }
        guard ctxSize.map((1...Limits.contextMax).contains) ?? true else {
            throw ValidationError("--ctx-size must be 1...\(Limits.contextMax)")
        }
        for (name, value) in [("chunk", prefillChunk), ("tokens", prefillTokens)]
        where !(1...Limits.stepTokensMax).contains(value) {
            throw ValidationError("--prefill-\(name) must be 1...\(Limits.stepTokensMax)")
        }
        guard (0...600).contains(seconds) else { throw ValidationError("--seconds must be 0...600") }
    }

    func run() async throws {
        try await Program.run {
            let console = Console()
            let kernels = try bench.kernels.kernels(threadCount: threads.count)
            let options = options
            let meter = try makeMeter(kernels, options, console)
            console.note("\(meter.stage.model.name): loaded")
            let phases = [
                try meter.decode("decode", sequences: 1),
                try meter.decode("decode of 8 sequences", sequences: 8),
                try meter.prefill(),
            ]
            let report = ModelBenchReport(
                meter, phases: phases, machine: Machine(kernels, mode: bench.kernels.mode), options: options,
                isSynthetic: shape != nil)
            console.write(bench.json ? report.json.encoded + "\n" : report.text)
        }
    }

    private var options: ModelBench.Options {
        var options = ModelBench.Options()
        options.context = context
        options.reservedContext = ctxSize ?? 0
        options.prefillTokens = prefillTokens
        options.prefillChunk = prefillChunk
        options.cacheType = cache.cacheType
        options.headType = head.head
        options.threadCount = threads.count
        options.phaseSeconds = seconds
        return options
    }

    private func makeMeter(
        _ kernels: Kernels, _ options: ModelBench.Options, _ console: Console
    ) throws -> ModelBench {
        if let shape = try shape.map(BenchOptions.shape) {
            var model = shape.description
            var options = options
            let measured = layers ?? shape.layerCountMeasured
            if measured < model.layerCount { options.layerCountTotal = model.layerCount }
            model.layerCount = measured
            let parts = SyntheticParts(model: model, tableEncoding: shape.tables.head)
            return try ModelBench(model: model, kernels: kernels, options: options) { kind, body in
                console.progress("load", "\(model.name): \(kind)", isLast: false)
                try parts.withPart(kind, body)
            }
        }
        let file = try ModelFile(path: model ?? "")
        return try ModelBench(model: file.description, kernels: kernels, options: options) { kind, body in
            console.progress("load", "\(file.description.name): \(kind)", isLast: false)
            try file.pack(kind).withView(body)
        }
    }
}
