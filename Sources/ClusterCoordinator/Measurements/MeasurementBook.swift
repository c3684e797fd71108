// SPDX-License-Identifier: MIT

package import BitNetCore
package import ClusterPlanning

/// What workers, links and whole clusters were measured to do, kept for the next plan.
package struct MeasurementBook: Equatable, Sendable {
    /// One worker with one model.
    package struct Worker: Equatable, Sendable {
        package var cluster: String
        package var worker: String
        package var shape: ProfiledShape
        /// What computes there, as the worker names it: instruction set, kernels, cache and head types.
        package var kernel: String
        package var profile: WorkerProfile
        /// Memory that a stage may take there, bytes.
        package var memoryByteCount: UInt64
        /// Seconds since 1970.
        package var measuredAt: Int

        package init(
            cluster: String, worker: String, shape: ProfiledShape, kernel: String, profile: WorkerProfile,
            memoryByteCount: UInt64, measuredAt: Int
        ) {
            self.cluster = cluster
            self.worker = worker
            self.shape = shape
            self.kernel = kernel
            self.profile = profile
            self.memoryByteCount = memoryByteCount
            self.measuredAt = measuredAt
        }
    }

    /// One direction between two ends.
    package struct Link: Equatable, Sendable {
        package var cluster: String
        package var from: LinkMatrix.End
        package var to: LinkMatrix.End
        package var profile: LinkProfile

        package init(cluster: String, from: LinkMatrix.End, to: LinkMatrix.End, profile: LinkProfile) {
            self.cluster = cluster
            self.from = from
            self.to = to
            self.profile = profile
        }
    }

    /// What a cluster really did, while a fixed number of sequences decoded.
    package struct Run: Equatable, Sendable {
        package struct Stage: Equatable, Sendable {
            package var worker: String
            package var layers: LayerRange
            /// Mean time inside the forward pass for a step that decodes.
            package var stepSeconds: Double
            /// Part of the time that it computed, 0...1.
            package var busyShare: Double

            package init(worker: String, layers: LayerRange, stepSeconds: Double, busyShare: Double) {
                self.worker = worker
                self.layers = layers
                self.stepSeconds = stepSeconds
                self.busyShare = busyShare
            }
        }

        package var cluster: String
        package var shape: ProfiledShape
        package var concurrency: Int
        package var stages: [Stage]
        package var tokensPerSecond: Double
        /// Seconds since 1970.
        package var measuredAt: Int

        package init(
            cluster: String, shape: ProfiledShape, concurrency: Int, stages: [Stage], tokensPerSecond: Double,
            measuredAt: Int
        ) {
            self.cluster = cluster
            self.shape = shape
            self.concurrency = concurrency
            self.stages = stages
            self.tokensPerSecond = tokensPerSecond
            self.measuredAt = measuredAt
        }
    }

    /// The longest known first.
    package private(set) var workers: [Worker] = []
    package private(set) var links: [Link] = []
    package private(set) var runs: [Run] = []

    package init() {}

    // MARK: Recording

    /// Each takes the place of what was known of the worker with this model and kernel; the oldest go when there
    /// are too many.
    package mutating func record(workers new: [Worker]) {
        workers = Self.merged(workers, new, countMax: Limits.bookWorkersMax) {
            WorkerKey(cluster: $0.cluster, worker: $0.worker, shape: $0.shape, kernel: $0.kernel)
        }
    }

    /// Each takes the place of what was known of the link; the oldest go when there are too many.
    package mutating func record(links new: [Link]) {
        links = Self.merged(links, new, countMax: Limits.bookLinksMax) {
            LinkKey(cluster: $0.cluster, from: $0.from, to: $0.to)
        }
    }

    private struct WorkerKey: Hashable {
        let cluster: String
        let worker: String
        let shape: ProfiledShape
        let kernel: String
    }

    private struct LinkKey: Hashable {
        let cluster: String
        let from: LinkMatrix.End
        let to: LinkMatrix.End
    }

    /// The last of each key, in their order, at most `countMax` from the end.
    private static func merged<Entry, Key: Hashable>(
        _ old: [Entry], _ new: [Entry], countMax: Int, key: (Entry) -> Key
    ) -> [Entry] {
        var seen: Set<Key> = []
        let newestFirst = (old + new).reversed().filter { seen.insert(key($0)).inserted }
        return newestFirst.prefix(countMax).reversed()
    }

    /// Takes the place of an earlier run of the same stages with as many sequences.
    ///
    /// - Throws: ``ProfileError`` for a run whose figures are no numbers within bounds.
    package mutating func record(run: Run) throws(ProfileError) {
        if let reason = run.invalidity { throw ProfileError(reason) }
        runs.removeAll { $0.isSameCase(as: run) }
        runs.append(run)
        runs.removeFirst(max(runs.count - Limits.bookRunsMax, 0))
    }

    // MARK: Looking up

    /// The newest measurement of a worker with a model of this shape, or else with any other shape.
    ///
    /// The caller scales what is of another shape, and says so.
    package func worker(
        _ name: String, cluster: String, shape: ProfiledShape, kernel: String? = nil
    ) -> Worker? {
        let known = workers.filter {
            $0.cluster == cluster && $0.worker == name && (kernel == nil || $0.kernel == kernel)
        }
        return known.last { $0.shape == shape } ?? known.last
    }

    /// Everything known of a cluster's links.
    package func links(cluster: String, assumed: LinkProfile = .gigabitEthernet) -> LinkMatrix {
        var matrix = LinkMatrix(assumed: assumed)
        for link in links where link.cluster == cluster { matrix[link.from, link.to] = link.profile }
        return matrix
    }

    /// Runs of exactly these stages, by the number of sequences.
    package func runs(cluster: String, shape: ProfiledShape, plan: Plan) -> [Run] {
        let stages = plan.stages.map { "\($0.worker) \($0.layers)" }
        return runs.filter { run in
            run.cluster == cluster && run.shape == shape
                && run.stages.map { "\($0.worker) \($0.layers)" } == stages
        }.sorted { $0.concurrency < $1.concurrency }
    }
}

extension MeasurementBook.Run {
    fileprivate func isSameCase(as other: Self) -> Bool {
        cluster == other.cluster && shape == other.shape && concurrency == other.concurrency
            && stages.map(\.worker) == other.stages.map(\.worker)
            && stages.map(\.layers) == other.stages.map(\.layers)
    }

    /// Why no cluster can have run like this, or `nil`.
    var invalidity: String? {
        if let reason = shape.invalidity { return reason }
        guard (1...Limits.slotsMax).contains(concurrency) else {
            return "a run of \(concurrency) sequences, expected 1...\(Limits.slotsMax)"
        }
        guard (1...Limits.workersMax).contains(stages.count) else {
            return "a run on \(stages.count) stages, expected 1...\(Limits.workersMax)"
        }
        // NaN is in no range.
        guard (0...1e9).contains(tokensPerSecond) else { return "a run at \(tokensPerSecond) tokens/s" }
        for stage in stages {
            guard (0...Limits.profileSecondsMax).contains(stage.stepSeconds),
                (0...1).contains(stage.busyShare)
            else {
                return
                    "a run with \(stage.stepSeconds) s a step on a stage that is busy to \(stage.busyShare)"
            }
        }
        return nil
    }
}
