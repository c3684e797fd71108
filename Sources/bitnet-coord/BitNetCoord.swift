// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import BitNetTokenizer
import ClusterCoordinator
import CommandLine
import Glibc
import Logging
import ModelHub
import PipelineHost
import TextGeneration

@main
struct BitNetCoord: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bitnet-coord",
        abstract: "Splits a ternary language model over workers and writes text with it.",
        discussion: """
            Reaches the workers of a cluster file, gives each its layers, ships the weights that it lacks, and \
            serves: users by an API like OpenAI's, operators by another (bitnet-ctl reads it). With --prompt, \
            --prompts or --messages it answers these and ends: text goes to standard output, everything about it \
            to standard error.

            EXAMPLES
              bitnet-coord --shards cluster/local-3.yaml
              bitnet-coord --shards workers.yaml --host 0.0.0.0 --api-key-file api.keys --log-format json
              bitnet-coord --shards cluster/local-3.yaml --prompt "Once upon a time" -n 64
              bitnet-coord --local --model cluster/model/stories.gguf --prompt "One day" --temp 0.8 --seed 7
              bitnet-coord --local --cuts 3,6 --model cluster/model/stories.gguf --prompts prompts.txt
              bitnet-coord --local --model hf:microsoft/bitnet-b1.58-2B-4T-gguf
              bitnet-coord --shards workers.yaml --model bitnet-2b-4t.gguf --chat --system "Be brief."

            Every option can be given as an environment variable too: BITNET_COORD_CTX_SIZE=512 is --ctx-size 512.
            """,
        version: Build.name)

    @OptionGroup(title: "Stages")
    var pipeline: PipelineOptions

    @OptionGroup(title: "Serving")
    var serving: ServeOptions

    @OptionGroup(title: "Logs of a serving coordinator")
    var logs: LogOptions

    @OptionGroup(title: "Generation")
    var generation: GenerationOptions

    @OptionGroup(title: "Conversation")
    var chat: ChatOptions

    @OptionGroup(title: "Engine")
    var engine: EngineOptions

    @OptionGroup(title: "With --local")
    var local: LocalArguments

    @OptionGroup(title: "Model")
    var modelArguments: ModelArguments

    @OptionGroup(title: "Models of a hub")
    var hub: HubOptions

    @OptionGroup(title: "Converted weights")
    var storeOptions: StoreOptions

    func validate() throws {
        guard !chat.listsTemplates else { return }
        try pipeline.requirePlace()
        guard [chat.messages, generation.prompt, generation.prompts].count(where: { $0 != nil }) <= 1 else {
            throw ValidationError("give only one of --prompt, --prompts and --messages")
        }
        guard !answers || chat.isOn || chat.chatTemplate == nil && chat.chatTemplateFile == nil else {
            throw ValidationError(
                "--chat-template and --chat-template-file go with --chat or --messages, or with serving")
        }
        if let reason = generation.sampling().invalidity { throw ValidationError(reason) }
        guard engine.stage.segmentLayers == nil || !pipeline.isPure else {
            throw ValidationError("--cuts none computes without segments: leave out --segment-layers")
        }
    }

    static func main() async {
        await Program.main(Self.self, prefix: "BITNET_COORD_")
    }

    func run() async throws {
        try await Program.run {
            let console = Console()
            guard answers else { return try await serve() }
            console.noteEnvironment()
            let work = Task { try await answer(console) }
            let signals = Task {
                await Program.untilTerminated()
                work.cancel()
                Program.endSoon()
            }
            defer { signals.cancel() }
            try await work.value
        }
    }

    /// Whether it answers what it is given and ends.
    private var answers: Bool {
        chat.listsTemplates || chat.messages != nil || generation.prompt != nil || generation.prompts != nil
    }

    private func serve() async throws {
        let log = logs.logger("bitnet-coord")
        let console = Console(
            take: { log.notice("note", metadata: ["detail": "\($0)"]) },
            takeWarning: { log.warning("note", metadata: ["detail": "\($0)"]) })
        Program.outliveHangups { log.notice("SIGHUP: going on; settings are read at start only") }
        let model = try await open(console)
        try await Serving(
            model: model, codec: try chat.codec(for: model, console),
            place: try pipeline.place(local),
            request: pipeline.applied(to: try request(of: model)),
            store: storeOptions,
            options: serving, samplingDefaults: generation.defaults(of: model), log: log, console: console
        ).run()
    }

    /// The model, which may have to be fetched first.
    private func open(_ console: Console) async throws -> ModelFile {
        let path = try await hub.path(
            of: pipeline.modelPlace, store: storeOptions.storeDir ?? CacheDirectory.standard,
            readable: TensorType.ternaryNames, EnvironmentTwins.ofProcess, show: { console.show($0) })
        return try pipeline.open(modelArguments, console, path: path)
    }

    private func request(of model: ModelFile) throws -> PipelineRequest {
        try engine.request(of: model.description, bookDirectory: storeOptions.directory, keepsSegments: true)
    }

    private func answer(_ console: Console) async throws {
        guard !chat.listsTemplates else {
            return console.write(ChatFormat.allCases.map { $0.rawValue + "\n" }.joined())
        }
        let model = try await open(console)
        let template = try chat.template(for: model, console)
        let host = PipelineHost(
            model: model, place: try pipeline.place(local),
            request: pipeline.applied(to: try request(of: model)),
            template: template,
            store: try storeOptions.store(for: model, console))
        let show: @Sendable (ClusterEvent) -> Void = { console.show(EventLine($0).notice) }
        try await host.run(onEvent: show) {
            try await answer(with: $0.generator, recommended: model.samplingDefaults, console)
        }
    }

    private func answer(
        with generator: Generator, recommended: SamplingDefaults, _ console: Console
    ) async throws {
        let answering = Answering(
            generator: generator, options: generation, recommended: recommended, console: console)
        if chat.isOn {
            return try await Chatting(answering: answering, options: chat).run(generation)
        }
        switch generation.prompt {
        case "-": try await answering.answer(try await StandardInput().readAll())
        case .some(let prompt): try await answering.answer(prompt)
        case nil:
            try await PromptLines(generation.prompts).forEach { try await answering.answer($0) }
        }
    }
}
