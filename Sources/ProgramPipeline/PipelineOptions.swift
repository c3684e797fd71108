// SPDX-License-Identifier: MIT
package import ArgumentParser
import BitNetCore
package import BitNetFormats
package import BitNetTokenizer
import ClusterConfig
package import ClusterCoordinator
package import ProgramSupport

/// Where the stages are and what they run: the same for every program that brings a pipeline up.
package struct PipelineOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Cluster file that names the workers.", valueName: "workers.yaml"))
    package var shards: String?

    @Flag(help: "Run all stages inside this process instead of on workers.")
    package var local = false

    @Option(help: ArgumentHelp("With --local: layers before which the model is cut.", valueName: "3,6"))
    package var cuts: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Model, a GGUF file or a Hugging Face directory; wins over the cluster file's.", valueName: "path"
        ))
    package var model: String?

    package init() {}

    package func validate() throws {
        guard cuts == nil || local else { throw ValidationError("--cuts goes with --local") }
        guard model != nil || !local else { throw ValidationError("--local needs --model") }
    }

    /// - Throws: a usage error unless it is said where the stages are.
    package func requirePlace() throws {
        guard local != (shards != nil) else {
            throw ValidationError("give either --shards workers.yaml or --local")
        }
    }

    /// The model that the options or the cluster file name.
    package func open(_ arguments: ModelArguments, _ console: Console) throws -> ModelFile {
        let path = try model ?? shards.map { try modelPath(of: $0) }
        guard let path else { throw ValidationError("--local needs --model") }
        let model = try ModelFile(path: path, options: arguments.options)
        for warning in model.warnings { console.note("warning: \(warning)") }
        return model
    }

    private func modelPath(of shards: String) throws -> String {
        guard let path = try ClusterFile.load(path: shards).model else {
            throw ValidationError("\(shards) names no model; add “model: FILE” or give --model")
        }
        return path
    }

    /// Brings the stages up, tells a person about it, and lets them go when `body` has returned.
    ///
    /// - Parameter template: how conversations are written, if any are to be answered.
    package func run(
        _ model: ModelFile, template: ChatTemplate? = nil, engine: EngineOptions, store: StoreOptions,
        _ console: Console, _ body: @escaping @Sendable (RunningPipeline) async throws -> Void
    ) async throws {
        let description = model.description
        try await run(
            model, template: template, engine: engine, store: store, console,
            onEvent: { console.show($0, of: description) }, body)
    }

    /// Brings the stages up, tells `onEvent` about it, and lets them go when `body` has returned.
    package func run(
        _ model: ModelFile, template: ChatTemplate?, engine: EngineOptions, store: StoreOptions,
        _ console: Console, onEvent: @escaping @Sendable (ClusterEvent) -> Void,
        _ body: @escaping @Sendable (RunningPipeline) async throws -> Void
    ) async throws {
        let bookDirectory = store.directory
        let store = try store.store(for: model, console)
        if let shards {
            let file = try ClusterFile.load(path: shards)
            try await ClusterRun(
                file: file, model: model, template: template, store: store, engine: engine,
                onEvent: onEvent, bookDirectory: bookDirectory
            ).use(body)
        } else {
            try await LocalRun(
                model: model, template: template, store: store, cuts: cutLayers(), engine: engine,
                onEvent: onEvent
            ).use(body)
        }
    }

    private func cutLayers() throws -> [Int] {
        try (cuts ?? "").split(separator: ",").map { text in
            guard let layer = Int(text) else {
                throw ValidationError("--cuts: “\(text)” is not a layer number")
            }
            return layer
        }
    }
}
