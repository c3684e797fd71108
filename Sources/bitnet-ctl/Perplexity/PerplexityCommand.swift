// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetEngine
import BitNetFormats
import BitNetTokenizer
import ClusterCoordinator
import CommandLine
import OperatorReports
import PipelineHost

/// How well a model predicts a text, and what cutting it costs.
struct PerplexityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "perplexity",
        abstract:
            "Measures a model's perplexity on a text, in a running cluster or here with and without cuts.",
        discussion: """
            With --model the stages run in this process. Each list of cuts gives a row: the only loss that distribution \
            adds is the int8 rounding of the activations at each cut, so a row shows what a cluster with these cuts \
            loses against one process without any. Without --model the text goes through a running cluster; bitnet-ctl \
            verify sets the two side by side.

            EXAMPLES
              bitnet-ctl perplexity text.txt
              bitnet-ctl perplexity text.txt --gateway http://10.0.0.1:8080/v1
              bitnet-ctl perplexity text.txt --model stories.gguf
              bitnet-ctl perplexity text.txt --model stories.gguf --cuts 3,6 --cuts 1,2,3,4,5,6,7,8 --json
              bitnet-ctl perplexity text.txt --model bonsai-1.7b.gguf --compare-activations
            """)

    @Argument(help: "Text to predict; UTF-8.")
    var file: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Measure in this process: a GGUF file or Hugging Face directory.", valueName: "path"))
    var model: String?

    @Option(
        help: ArgumentHelp("With --model: layers before which to cut; may be repeated.", valueName: "3,6"))
    var cuts: [String] = []

    @Flag(
        help: """
            With --model, for models that were not trained with int8 activations: print too what quantising them costs. \
            Slow.
            """)
    var compareActivations = false

    @Option(name: .shortAndLong, help: "Tokens in a window; the model's context by default.")
    var ctxSize: Int?

    @OptionGroup(title: "With --model") var cache: CacheArguments
    @OptionGroup(title: "With --model") var kernels: KernelArguments
    @OptionGroup(title: "Model") var modelArguments: ModelArguments

    @OptionGroup(title: "Cluster") var gateway: GatewayOptions
    @OptionGroup(title: "Coordinator") var admin: AdminOptions

    @Flag(help: "Print one JSON object for each row.")
    var json = false

    func validate() throws {
        guard model != nil || cuts.isEmpty else {
            throw ValidationError("--cuts goes with --model: a running cluster has its cuts")
        }
        guard model != nil || !compareActivations else {
            throw ValidationError("--compare-activations goes with --model")
        }
        guard ctxSize.map({ $0 > 1 }) ?? true else { throw ValidationError("--ctx-size must be above 1") }
    }

    func run() async throws {
        try await Program.run {
            let console = Console()
            let text = try TextFile.read(file)
            guard let model else { return try await measureCluster(text, console) }
            let modelFile = try ModelFile(path: model, options: modelArguments.options)
            let tokenizer = try modelFile.tokenizer()
            let tokens = tokenizer.encode(text, addsBeginning: tokenizer.addsBeginning)
            let uncut = try measure([], modelFile, tokens)
            show(CutPerplexity(cuts: [], result: uncut, uncut: uncut), console)
            if compareActivations { try compare(uncut, modelFile, tokens, console) }
            for list in try cuts.map({ try LayerCuts(parsing: $0).layers }) {
                let result = try measure(list, modelFile, tokens)
                show(CutPerplexity(cuts: list, result: result, uncut: uncut), console)
            }
        }
    }

    private func measureCluster(_ text: String, _ console: Console) async throws {
        try await gateway.use(admin) { remote in
            let model = try await GatewayModel(remote)
            let tokens = try await model.tokens(of: text)
            let length = min(ctxSize ?? .max, PerplexityWindows.length(contextLength: model.contextLength))
            let scores = try await ClusterPerplexity(model: model)
                .scores(PerplexityWindows(tokens, length: length))
            guard let result = Perplexity(scores: scores) else {
                throw PerplexityError(message: "\(file) has fewer than two tokens")
            }
            let row = ClusterRow(
                gateway: remote.address.base, model: model.id, perplexity: result.value,
                tokens: result.tokenCount, nll: result.negativeLogLikelihood, window: length)
            console.write(
                json
                    ? try JSONDocument.text(row) + "\n"
                    : "cluster: perplexity \(result.value.text(places: 5)) over \(result.tokenCount) tokens in windows "
                        + "of \(length)\n")
        }
    }

    private func measure(_ cuts: [Int], _ file: ModelFile, _ tokens: [UInt32]) throws -> Perplexity {
        let context = min(ctxSize ?? .max, file.description.contextLength)
        let pool = try ComputePool()
        let local = try LocalModel(
            file: file, cuts: cuts, cache: CacheShape(slots: 1, context: context, type: cache.cacheType),
            pool: pool, kernels: self.kernels.kernels(threadCount: pool.threadCount))
        guard let result = try perplexity(tokens: tokens, stages: local.stages) else {
            throw PerplexityError(message: "\(self.file) has fewer than two tokens")
        }
        return result
    }

    /// What quantising the activations costs, whichever of both was asked for.
    private func compare(
        _ result: Perplexity, _ file: ModelFile, _ tokens: [UInt32], _ console: Console
    ) throws {
        let isExact = file.description.activationsAreExact
        let other = try measure([], file.with(exactActivations: !isExact), tokens)
        let row = ActivationLoss(
            group: file.description.activationGroup, result: isExact ? other : result,
            exact: isExact ? result : other)
        console.write(json ? row.json.encoded + "\n" : row.text)
    }

    private func show(_ row: CutPerplexity, _ console: Console) {
        console.write(json ? row.json.encoded + "\n" : row.text)
    }
}

/// What a cluster's row says as JSON.
private struct ClusterRow: Encodable {
    var gateway: String
    var model: String
    var perplexity: Double
    var tokens: Int
    var nll: Double
    var window: Int
}

struct PerplexityError: RemediableError {
    let message: String
}
