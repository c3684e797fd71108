// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import BitNetSynthesis
import ClusterConfig
import ClusterCoordinator
import ClusterPlanning
import CommandLine
import OperatorReports

/// What a cluster would do with a model, without touching the cluster.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract:
            "Says which worker would run which layers, how fast that would be, and why it is not faster.",
        discussion: """
            Uses what the coordinator measured of the workers of a cluster file, and else assumptions, which it \
            names. Nothing is sent to any worker. With --simulate it shows instead how a model scales over equal \
            workers, by running the real schedule on simulated stages and links.

            EXAMPLES
              bitnet-ctl plan --shards workers.yaml
              bitnet-ctl plan --shards workers.yaml --model 2b-4t.gguf -C 16 --assume a=30GB/s
              bitnet-ctl plan --shards workers.yaml --shape 70b --assume-link 10
              bitnet-ctl plan --simulate --shape 70b
              bitnet-ctl plan --simulate --shards workers.yaml --shape 8b --counts 2,4,8 --sequences 1,32
            """)

    @Option(help: ArgumentHelp("Cluster file that names the workers.", valueName: "workers.yaml"))
    var shards: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Model, a GGUF file or a Hugging Face directory; wins over the cluster file's.", valueName: "path"
        ))
    var model: String?

    @Option(help: "Plan for a model of this shape, of which there need be no file: \(ModelShape.names).")
    var shape: String?

    @Option(
        name: [.customShort("C"), .long],
        help: ArgumentHelp("Sequences at a time to plan for; --parallel by default.", valueName: "n"))
    var concurrency: Int?

    @Flag(help: "Show how the model scales over equal workers.")
    var simulate = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Settings and assumptions") var options: PlanOptions
    @OptionGroup(title: "With --simulate") var simulation: SimulationOptions
    @OptionGroup(title: "Model") var modelArguments: ModelArguments

    func validate() throws {
        guard shards != nil || simulate else { throw ValidationError("give --shards workers.yaml") }
        guard shards != nil || model != nil || shape != nil else {
            throw ValidationError("give --shards, --model or --shape")
        }
        guard model == nil || shape == nil else { throw ValidationError("give --model or --shape, not both") }
        if let shape, ModelShape(rawValue: shape) == nil {
            let names = ModelShape.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("shape \(shape) is unknown; give one of \(names)")
        }
        guard concurrency.map({ (1...Limits.slotsMax).contains($0) }) ?? true else {
            throw ValidationError("--concurrency must be 1...\(Limits.slotsMax)")
        }
    }

    func run() async throws {
        try await Program.run {
            let console = Console()
            let book = try options.directory.map { try MeasurementBook.load(directory: $0) }
            let file = try shards.map { try ClusterFile.load(path: $0) }
            let planned = try planned(file)
            if simulate {
                let scaling = try Scaling(
                    model: planned.description, tables: planned.tables, cluster: file?.cluster,
                    book: book ?? MeasurementBook(), assumptions: options.assumptions,
                    cases: simulation.cases)
                console.write(json ? scaling.json.encoded + "\n" : scaling.text)
            } else if let file {
                let request = try options.stage.request(of: planned.description, directory: options.directory)
                var subject = try PlanSubject(
                    file: file, model: planned.description, tables: planned.tables,
                    cost: planned.cost(request, slotCount: 1), book: book ?? MeasurementBook(),
                    assumptions: options.assumptions)
                let (_, outcome) = try SlotCounts.first(wanted: options.slotCount) {
                    slotCount throws(PlanError) in
                    subject.cost = planned.cost(request, slotCount: slotCount)
                    return try PlanOutcome(
                        subject, concurrency: concurrency ?? slotCount, reserves: options.reserve.reserve)
                }
                console.write(json ? outcome.json.encoded + "\n" : outcome.text)
            }
        }
    }

    private func planned(_ file: ClusterFile?) throws -> PlannedModel {
        if let shape, let named = ModelShape(rawValue: shape) {
            var model = named.description
            model.name = "shape \(shape)"
            return .shape(model, named.tables)
        }
        guard let path = model ?? file?.model else {
            throw ConfigError(
                path: file?.path, "no model is named; add “model: FILE” or give --model or --shape")
        }
        return .file(try ModelFile(path: path, options: modelArguments.options))
    }
}

/// The model that is planned for.
private enum PlannedModel {
    case shape(ModelDescription, TableEncodings)
    case file(ModelFile)

    var description: ModelDescription {
        switch self {
        case .shape(let model, _): model
        case .file(let file): file.description
        }
    }

    var tables: TableEncodings {
        switch self {
        case .shape(_, let tables): tables
        case .file(let file): file.tableEncodings
        }
    }

    func cost(_ request: PipelineRequest, slotCount: Int) -> ModelCost {
        let settings = request.settings(slotCount: slotCount, of: description)
        return switch self {
        case .shape(let model, let tables): ModelCost(of: model, tables, settings)
        case .file(let file): ModelCost(of: file, settings)
        }
    }
}
