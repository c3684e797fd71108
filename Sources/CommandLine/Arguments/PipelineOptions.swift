// SPDX-License-Identifier: MIT
package import ArgumentParser
package import BitNetCore
package import BitNetFormats
import ClusterConfig

/// Where the stages are and what they run: the same for every program that brings a pipeline up.
package struct PipelineOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Cluster file that names the workers.", valueName: "workers.yaml"))
    package var shards: String?

    @Flag(help: "Run all stages inside this process instead of on workers.")
    package var local = false

    @Option(
        help: ArgumentHelp(
            "With --local: layers before which the model is cut into stages, which changes no text; “none” computes the "
                + "network without the rounding that makes it so.", valueName: "3,6"))
    package var cuts: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Model, a GGUF file, a Hugging Face directory, or in bitnet-coord hf:OWNER/NAME[:FILE]; wins over the "
                + "cluster file's.", valueName: "path"))
    package var model: String?

    package init() {}

    package func validate() throws {
        guard cuts == nil || local else { throw ValidationError("--cuts goes with --local") }
        guard model != nil || !local else { throw ValidationError("--local needs --model") }
        _ = try stageCuts
    }

    /// - Throws: a usage error unless it is said where the stages are.
    package func requirePlace() throws {
        guard local != (shards != nil) else {
            throw ValidationError("give either --shards workers.yaml or --local")
        }
    }

    /// Where the stages are.
    ///
    /// - Parameter arguments: how stages compute that are here.
    package func place(_ arguments: LocalArguments) throws -> PipelinePlace {
        if let shards { return .workers(clusterFile: shards) }
        return .process(arguments.stages(cuts: try stageCuts))
    }

    private var stageCuts: [Int] {
        get throws { isPure ? [] : try cuts.map(LayerCuts.init)?.layers ?? [] }
    }

    /// Whether the network is computed as one process would that knows of no others.
    package var isPure: Bool { cuts == "none" }

    /// What is asked of the stages besides what `request` says.
    package func applied(to request: PipelineRequest) -> PipelineRequest {
        var request = request
        if isPure { request.segmentLayers = 0 }
        return request
    }

    /// The model that the options or the cluster file name: a path, or one of a hub.
    package var modelPlace: String {
        get throws {
            let place = try model ?? shards.map { try modelPath(of: $0) }
            guard let place else { throw ValidationError("--local needs --model") }
            return place
        }
    }

    /// The model that the options or the cluster file name.
    ///
    /// - Parameter path: where it is, if that is known already.
    package func open(
        _ arguments: ModelArguments, _ console: Console, path: String? = nil
    ) throws -> ModelFile {
        let model = try ModelFile(path: try path ?? modelPlace, options: arguments.options)
        for warning in model.warnings { console.warn(warning) }
        return model
    }

    private func modelPath(of shards: String) throws -> String {
        guard let path = try ClusterFile.load(path: shards).model else {
            throw ValidationError("\(shards) names no model; add “model: FILE” or give --model")
        }
        return path
    }
}
