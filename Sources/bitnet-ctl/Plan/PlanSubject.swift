// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterConfig
import ClusterCoordinator
import ClusterPlanning

/// The cluster and the model that are planned for, and what is known of them.
struct PlanSubject {
    /// Where the figures of one worker come from.
    enum Origin: Equatable {
        case measured(kernel: String)
        /// With a model of another shape: scaled.
        case scaled(kernel: String)
        case assumed(readBytesPerSecond: Double)
    }

    let cluster: String
    let model: ModelDescription
    var cost: ModelCost
    let offers: [WorkerOffer]
    /// By worker.
    let origins: [String: Origin]
    let links: LinkMatrix
    let book: MeasurementBook

    var shape: ProfiledShape { ProfiledShape(model.shape) }

    /// Memory of a worker of which nothing is known.
    static let unknownMemory: UInt64 = .max / 2

    init(
        file: ClusterFile, model: ModelDescription, cost: ModelCost, book: MeasurementBook,
        options: PlanOptions
    ) throws {
        let shape = ProfiledShape(model.shape)
        let speeds = try options.assumedSpeeds
        let assumedSpeed = try options.assumedSpeed
        if let unknown = speeds.keys.sorted().first(where: { name in
            !file.workers.contains { $0.name == name }
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
                let speed = speeds[entry.name] ?? assumedSpeed
                profile = try .assumed(readBytesPerSecond: speed, for: shape)
                origins[entry.name] = .assumed(readBytesPerSecond: speed)
            }
            let reported = known.map(\.memoryByteCount) ?? Self.unknownMemory
            return WorkerOffer(
                name: entry.name, address: "\(entry.address)",
                memoryByteCount: min(reported, entry.memoryByteCount ?? reported),
                assignedLayers: entry.layers, isSpare: entry.isSpare, profile: profile)
        }
        self.origins = origins
        self.model = model
        self.cost = cost
        self.book = book
        cluster = file.cluster
        links = book.links(cluster: file.cluster, assumed: try options.link)
    }

    func goal(_ concurrency: Int) -> PlanGoal {
        PlanGoal(concurrency: concurrency, hiddenSize: model.hiddenSize, links: links)
    }
}
