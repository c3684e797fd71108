// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterCoordinator
import ProgramPipeline
import ProgramSupport

/// How well a model predicts a text, and what cutting it costs.
struct PerplexityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "perplexity",
        abstract: "Measures a model's perplexity on a text, with and without cuts.",
        discussion: """
            The stages run in this process. Each list of cuts gives a row: the only loss that distribution \
            adds is the int8 rounding of the activations at each cut, so a row shows what a cluster with \
            these cuts loses against one process without any.

            EXAMPLES
              bitnet-ctl perplexity text.txt --model stories.gguf
              bitnet-ctl perplexity text.txt --model stories.gguf --cuts 3,6 --cuts 1,2,3,4,5,6,7,8 --json
            """)

    @Argument(help: "Text to predict; UTF-8.")
    var file: String

    @Option(
        name: .shortAndLong, help: ArgumentHelp("GGUF file or Hugging Face directory.", valueName: "path"))
    var model: String

    @Option(help: ArgumentHelp("Layers before which to cut; may be repeated.", valueName: "3,6"))
    var cuts: [String] = []

    @Option(name: .shortAndLong, help: "Tokens in a window; the model's context by default.")
    var ctxSize: Int?

    @Option(help: "KV cache: f32, f16 or int8.")
    var cacheType = CacheType.f16

    @Option(help: "Kernels: auto, scalar, avx2, avx512bw, avx512, neon or neon-dot.")
    var isa = KernelChoice.auto

    @Option(
        name: .customLong("kernels"),
        help: """
            Products: add-only, dot8 for the integer dot product, or auto for add-only with one token and \
            whichever is faster with more.
            """)
    var kernelMode = KernelMode.auto

    @OptionGroup(title: "Model") var modelArguments: ModelArguments

    @Flag(help: "Print one JSON object for each row.")
    var json = false

    func run() async throws {
        try await Program.run {
            let console = Console()
            let modelFile = try ModelFile(path: model, options: modelArguments.options)
            let text = try MappedFile(path: file)
            guard text.byteCount <= Limits.promptBytesMax else {
                throw PerplexityError(message: "\(file) is larger than \(Limits.promptBytesMax) bytes")
            }
            let tokenizer = try modelFile.tokenizer()
            let tokens = tokenizer.encode(
                text.withBytes { String(decoding: $0, as: UTF8.self) }, addsBeginning: tokenizer.addsBeginning
            )
            let whole = try measure([], modelFile, tokens)
            show([], whole, whole, console)
            for list in try cuts.map(Self.layers) {
                show(list, try measure(list, modelFile, tokens), whole, console)
            }
        }
    }

    private func measure(_ cuts: [Int], _ file: ModelFile, _ tokens: [UInt32]) throws -> Perplexity {
        let context = min(ctxSize ?? .max, file.description.contextLength)
        let pool = try ComputePool()
        let local = try LocalModel(
            file: file, cuts: cuts, cache: CacheShape(slots: 1, context: context, type: cacheType),
            pool: pool, kernels: Kernels(isa, mode: kernelMode, threadCount: pool.threadCount))
        guard let result = try perplexity(tokens: tokens, stages: local.stages) else {
            throw PerplexityError(message: "\(self.file) has fewer than two tokens")
        }
        return result
    }

    private func show(_ cuts: [Int], _ result: Perplexity, _ whole: Perplexity, _ console: Console) {
        let change = (result.value / whole.value - 1) * 100
        let names = cuts.map(String.init).joined(separator: ",")
        if json {
            console.write(
                "{\"cuts\":[\(names)],\"perplexity\":\(result.value),\"tokens\":\(result.tokenCount),"
                    + "\"nll\":\(result.negativeLogLikelihood),\"change_percent\":\(change)}\n")
        } else {
            let label = cuts.isEmpty ? "no cut" : "cut before \(names)"
            console.write(
                "\(label): perplexity \(result.value.text(places: 5)) over \(result.tokenCount) tokens"
                    + (cuts.isEmpty ? "\n" : ", \(change >= 0 ? "+" : "")\(change.text(places: 4)) %\n"))
        }
    }

    private static func layers(_ text: String) throws -> [Int] {
        try text.split(separator: ",").map { item in
            guard let layer = Int(item) else {
                throw ValidationError("--cuts: “\(item)” is not a layer number")
            }
            return layer
        }
    }
}

struct PerplexityError: RemediableError {
    let message: String
}
