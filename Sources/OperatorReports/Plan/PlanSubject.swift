// SPDX-License-Identifier: MIT
package import BitNetCore
import BitNetFormats
package import ClusterConfig
package import ClusterCoordinator
package import ClusterPlanning

/// The cluster and the model that are planned for, and what is known of them.
package struct PlanSubject {
    /// Where the figures of one worker come from.
    package enum Origin: Equatable, Sendable {
        case measured(kernel: String)
        /// With a model of another shape: scaled.
        case scaled(kernel: String)
        case assumed(readBytesPerSecond: Double)
    }

    package let cluster: String
    package let model: ModelDescription
    package let shape: ProfiledShape
    package var cost: ModelCost
    package let offers: [WorkerOffer]
    /// By worker.
    package let origins: [String: Origin]
    package let links: LinkMatrix
    package let book: MeasurementBook

    /// Memory of a worker of which nothing is known.
    static let unknownMemory = Limits.machineMemoryBytesMax

    /// - Throws: ``ConfigError`` if something is assumed of a worker that the file does not name, and
    ///   ``ProfileError`` if what is assumed is out of bounds.
    package init(
        file: ClusterFile, model: ModelDescription, tables: TableEncodings, cost: ModelCost,
        book: MeasurementBook, assumptions: PlanAssumptions
    ) throws {
        let workers = try file.listedWorkers()
        let shape = ProfiledShape(model, tables)
        let speeds = assumptions.readBytesPerSecondByWorker
        if let unknown = speeds.keys.sorted().first(where: { name in
            !workers.contains { $0.name == name }
        }) {
            throw ConfigError(path: file.path, "there is no worker \(unknown) for which to assume a speed")
        }
        var origins: [String: Origin] = [:]
        offers = try file.workers.map { entry in
            let known = book.worker(entry.name, cluster: file.cluster, shape: shape)
            let profile: WorkerProfile
            if let known, speeds[entry.name] == nil {
                profile = known.profile.scaled(from: known.shape, to: shape)
                origins[entry.name] =
                    known.shape == shape ? .measured(kernel: known.kernel) : .scaled(kernel: known.kernel)
            } else {
                let speed = speeds[entry.name] ?? assumptions.readBytesPerSecond
                profile = try .assumed(readBytesPerSecond: speed, for: shape)
                origins[entry.name] = .assumed(readBytesPerSecond: speed)
            }
            let reported = known.map(\.memoryByteCount) ?? Self.unknownMemory
            return WorkerOffer(
                name: entry.name, address: "\(entry.address)",
                memoryByteCount: min(reported, entry.memoryByteCount ?? reported),
                assignedLayers: entry.layers, isSpare: entry.isSpare,
                stagesMax: Limits.workerStagesMax, profile: profile)
        }
        self.origins = origins
        self.model = model
        self.shape = shape
        self.cost = cost
        self.book = book
        cluster = file.cluster
        links = book.links(cluster: file.cluster, assumed: assumptions.link)
    }

    func goal(_ concurrency: Int) -> PlanGoal {
        PlanGoal(concurrency: concurrency, hiddenSize: model.hiddenSize, links: links)
    }
}
