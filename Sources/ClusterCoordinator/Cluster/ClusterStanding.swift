// SPDX-License-Identifier: MIT
package import BitNetCore
import BitNetFormats
package import ClusterPlanning
import Synchronization

/// What a cluster leaves to the one that is brought up when it is lost or moved, and what an operator wants of that.
package final class ClusterStanding: Sendable {
    /// What was served last, and what has changed since.
    package struct Service: Sendable {
        package let plan: Plan
        let measurements: ClusterMeasurements?
        /// Layers that workers hold in memory that stand by.
        var warm: [String: LayerRange] = [:]
        /// Workers that were found to be gone since.
        package var lost: Set<String> = []
        /// Workers that shall have no layers.
        package var drained: Set<String> = []
        /// What the attempts since then have failed by.
        package var obstacles = PlacementObstacles()
        /// All layers shall be divided, whatever was served.
        package var isAnew = false

        package init(plan: Plan, measurements: ClusterMeasurements?) {
            self.plan = plan
            self.measurements = measurements
        }

        /// Whom the next cluster is to wait for.
        ///
        /// - Parameter workers: those of the cluster file that are not drained.
        package func muster(of workers: [(name: String, isSpare: Bool)]) -> FailoverMuster {
            let standing =
                isAnew
                ? Set(workers.filter { !$0.isSpare }.map(\.name))
                : Set(plan.stages.map(\.worker)).subtracting(drained)
            return FailoverMuster(
                standing: standing, lost: lost, others: Set(workers.map(\.name)).subtracting(standing))
        }
    }

    private struct State {
        var service: Service?
        var drained: Set<String> = []
        /// Workers that were drained, and have not been looked at since.
        var resumed: Set<String> = []
        var isAnew = false
    }

    private let state = Mutex(State())
    /// Workers that a name service told of.
    let discovered = Mutex(DiscoveredWorkers())
    /// Nobody else has stages compute under names that are made with it.
    private let secret = (0..<32).map { _ in UInt8.random(in: 0 ... .max) }

    package init() {}

    /// Under which name workers keep what they know of this coordinator's sequences: one that sends them nonsense, or
    /// has them compute with it, spoils nothing of another one's.
    package func name(_ states: ContentDigest?) -> ContentDigest? {
        states.map { ContentDigest.of($0.bytes + secret) }
    }

    var service: Service? {
        state.withLock { state in
            var service = state.service
            service?.drained = state.drained
            service?.isAnew = state.isAnew
            return service
        }
    }

    /// Workers that shall have no layers.
    var drained: Set<String> { state.withLock(\.drained) }

    /// Workers that may have layers again, and wait for the next plan.
    var resumed: Set<String> { state.withLock(\.resumed) }

    /// A plan is served from now on.
    func served(_ plan: Plan, _ measurements: ClusterMeasurements?) {
        state.withLock { state in
            state.service = Service(plan: plan, measurements: measurements)
            state.isAnew = false
            state.resumed = []
        }
    }

    /// A worker that stands by holds layers in memory; `nil` if it does no more.
    func holds(_ worker: String, _ layers: LayerRange?) {
        state.withLock { $0.service?.warm[worker] = layers }
    }

    /// A cluster is let go, or did not come up; some of its workers may be gone.
    func left(_ controls: [WorkerControl]) {
        let lost = Self.lost(of: controls)
        state.withLock { $0.service?.lost.formUnion(lost) }
    }

    /// An attempt has failed: whoever was lost as a stage of it may be so again when it is one.
    func failed(_ stages: [WorkerControl]) {
        let lost = Self.lost(of: stages)
        met { obstacles in
            for worker in lost { obstacles.append(unfit: worker) }
        }
    }

    private static func lost(of controls: [WorkerControl]) -> [String] {
        controls.filter { $0.failure.map(\.isLoss) ?? false }.map(\.worker.name)
    }

    /// An attempt has failed by a worker that is there.
    func met(_ note: @Sendable (inout PlacementObstacles) -> Void) {
        state.withLock { state in
            guard var obstacles = state.service?.obstacles else { return }
            note(&obstacles)
            state.service?.obstacles = obstacles
        }
    }

    /// The next plan shall do without a worker.
    func drain(_ worker: String) {
        state.withLock { state in
            state.drained.insert(worker)
            state.resumed.remove(worker)
        }
    }

    /// - Returns: whether it was drained.
    func resume(_ worker: String) -> Bool {
        state.withLock { state in
            guard state.drained.remove(worker) != nil else { return false }
            state.resumed.insert(worker)
            return true
        }
    }

    /// There is no plan without them: all workers may have layers.
    func resumeAll() { state.withLock { $0.drained = [] } }

    /// The next plan shall not look at what was served.
    func divideAnew() { state.withLock { $0.isAnew = true } }
}

extension ClusterError {
    /// Whether its worker is gone, as opposed to one that says what is wrong.
    fileprivate var isLoss: Bool { code == .lost || code == .stalled }
}
