// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetEngine
import BitNetFormats
import BitNetTokenizer
import ClusterConfig
import ClusterCoordinator
import ClusterPlanning
import CommandLine
import FoundationEssentials
import OperatorReports
import PipelineHost

/// How fast a cluster, or this machine alone, serves one sequence and many.
struct BenchPipelineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline",
        abstract: "Measures a whole pipeline: prompts, one sequence, many sequences at once.",
        discussion: """
            Brings the stages up as bitnet-coord does and generates through the same schedule. ppN reads a prompt \
            of N tokens; tgN generates N tokens in C sequences at once, and t/s counts those of all.

            EXAMPLES
              bitnet-ctl bench --shards workers.yaml --save two-workers.json
              bitnet-ctl bench --local --model 2b-4t.gguf --save alone.json -C 1,16
              bitnet-ctl bench --compare alone.json two-workers.json
              bitnet-ctl bench --shards workers.yaml --mixed 4000 --json
              bitnet-ctl bench --local --model 2b-4t.gguf --speculate source.c -C 1,2,4,8
            """)

    @OptionGroup(title: "Stages") var pipeline: PipelineOptions
    @OptionGroup(title: "Engine") var engine: EngineOptions
    @OptionGroup(title: "With --local") var local: LocalArguments
    @OptionGroup(title: "Model") var modelArguments: ModelArguments
    @OptionGroup(title: "Converted weights") var storeOptions: StoreOptions

    @Option(name: .customShort("C"), help: ArgumentHelp("Sequences at once.", valueName: "numbers"))
    var concurrencies = "1,2,4,8,16,32"

    @Option(help: "Tokens of the prompt that is read; 0 for no such test.")
    var promptTokens = 512

    @Option(help: "Tokens that each sequence generates; 0 for no such test.")
    var tokens = 128

    @Option(help: "Rounds of every test.")
    var rounds = 3

    @Option(
        help: ArgumentHelp(
            "Also measure what a prompt of so many tokens does to four sequences that generate.",
            valueName: "tokens"))
    var mixed: Int?

    @Option(
        help: ArgumentHelp(
            "Also measure what drafts bring where sequences go on from this text, --prompt-tokens of it each.",
            valueName: "file"))
    var speculate: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(help: ArgumentHelp("Keep the figures in this file, too.", valueName: "file"))
    var save: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Print two saved runs side by side and measure nothing.", valueName: "files"))
    var compare: [String] = []

    func validate() throws {
        guard compare.isEmpty else {
            guard compare.count == 2 else { throw ValidationError("--compare takes two files") }
            return
        }
        try pipeline.requirePlace()
        for (name, value, range) in [
            ("prompt-tokens", promptTokens, 0...Limits.contextMax), ("rounds", rounds, 1...1000),
            ("mixed", mixed ?? 1, 1...Limits.contextMax), ("tokens", tokens, 0...Limits.contextMax),
        ] where !range.contains(value) {
            throw ValidationError("--\(name) must be \(range.lowerBound)...\(range.upperBound)")
        }
        guard tokens == 0 || tokens >= 16 else {
            throw ValidationError("--tokens must be 0 or at least 16: all sequences must generate at once")
        }
        _ = try BenchOptions.numbers(concurrencies, "-C", atMost: Limits.slotsMax)
    }

    func run() async throws {
        try await Program.run {
            guard compare.isEmpty else { return try printComparison() }
            let console = Console()
            let model = try pipeline.open(modelArguments, console)
            let counts = try BenchOptions.numbers(concurrencies, "-C", atMost: Limits.slotsMax)
            let host = PipelineHost(
                model: model, place: try pipeline.place(local), request: try request(counts, model),
                store: try storeOptions.store(for: model, console))
            let show: @Sendable (ClusterEvent) -> Void = { console.show(EventLine($0).notice) }
            try await host.run(onEvent: show) { running in
                let record = try await measure(running, model, counts, console)
                note(record, running, model, console)
                let document = try JSONDocument.text(record) + "\n"
                console.write(json ? document : record.text)
                if let save { try OutputFile.write(Array(document.utf8), to: save) }
            }
        }
    }

    /// Writes what the cluster did into the book, beside which `bitnet-ctl plan` puts what it predicts.
    private func note(
        _ record: BenchRecord, _ running: RunningPipeline, _ model: ModelFile, _ console: Console
    ) {
        guard let shards = pipeline.shards, let directory = storeOptions.directory else { return }
        do {
            let cluster = try ClusterFile.load(path: shards).cluster
            var book = try MeasurementBook.load(directory: directory)
            let runs = record.runs(
                cluster: cluster, shape: ProfiledShape(model.description, model.tableEncodings),
                running.stages, measuredAt: Int(clamping: WallClock.seconds))
            for run in runs { try book.record(run: run) }
            try book.save(directory: directory)
        } catch {
            console.warn("the figures are not kept for bitnet-ctl plan: \(error.words)")
        }
    }

    /// Room for what is measured, and no more, unless somebody asks for something else.
    private func request(_ counts: [Int], _ model: ModelFile) throws -> PipelineRequest {
        var request = pipeline.applied(
            to: try engine.request(of: model.description, bookDirectory: storeOptions.directory))
        let streams = mixed == nil ? 1 : BenchPipelineRun.mixedStreamCount + 1
        request.slotCount = request.slotCount ?? max(counts.max() ?? 1, streams)
        // A stream generates while the long prompt is read, a token with each chunk.
        let mixedTokens = mixed.map { $0 + $0 / 8 + 512 } ?? 0
        let draftedTokens = speculate == nil ? 0 : promptTokens + max(tokens, 16)
        let needed = max(promptTokens, tokens, mixedTokens, draftedTokens) + 16
        request.contextLength = request.contextLength ?? min(needed, model.description.contextLength)
        return request
    }

    private func measure(
        _ running: RunningPipeline, _ model: ModelFile, _ counts: [Int], _ console: Console
    ) async throws -> BenchRecord {
        let run = BenchPipelineRun(
            running, model: model, head: engine.stage.head.head,
            readRate: pipeline.local ? try localReadRate(running) : nil,
            .init(
                promptTokenCount: promptTokens, tokenCount: tokens, rounds: rounds, concurrencies: counts,
                mixedTokenCount: mixed,
                text: try speculate.map {
                    try model.tokenizer().encode(TextFile.read($0), addsBeginning: false)
                } ?? []))
        return try await run.measure { console.progress("bench", $0, isLast: false) }
    }

    /// Bytes per second that a local stage's threads read.
    private func localReadRate(_ running: RunningPipeline) throws -> Double {
        let threadCount = running.stages.map(\.threadCount).max() ?? 1
        let pool = try ComputePool(threadCount: threadCount)
        let roofline = try Roofline(kernels: Kernels(local.kernels.isa))
        return (0..<5).map { _ in roofline.readRate(pool) }.sorted()[2]
    }

    private func printComparison() throws {
        let records = try compare.map { path in
            let bytes = try MappedFile(path: path).withWholeBytes { [UInt8]($0) }
            do {
                return try BenchRecord(decoding: bytes)
            } catch {
                throw PipelineBenchError(message: "\(path) is no record of bitnet-ctl bench: \(error.words)")
            }
        }
        Console().write(BenchRecord.comparison(records[0], records[1], names: (compare[0], compare[1])))
    }
}
