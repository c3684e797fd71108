// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterPlanning
import Synchronization

/// What a cluster leaves to the one that is brought up when it is lost.
package final class ClusterStanding: Sendable {
    /// What was served last.
    struct Service: Sendable {
        let plan: Plan
        let measurements: ClusterMeasurements?
        /// Workers that were found to be gone since.
        var lost: Set<String> = []
    }

    private let state = Mutex<Service?>(nil)

    package init() {}

    var service: Service? { state.withLock(\.self) }

    /// A plan is served from now on.
    func served(_ plan: Plan, _ measurements: ClusterMeasurements?) {
        state.withLock { $0 = Service(plan: plan, measurements: measurements) }
    }

    /// A cluster is let go, or did not come up; some of its workers may be gone.
    func left(_ controls: [WorkerControl]) {
        let lost = controls.filter { $0.failure.map(\.isLoss) ?? false }.map(\.worker.name)
        state.withLock { $0?.lost.formUnion(lost) }
    }
}

extension ClusterError {
    /// Whether its worker is gone, as opposed to one that says what is wrong.
    fileprivate var isLoss: Bool { code == .lost || code == .stalled }
}
