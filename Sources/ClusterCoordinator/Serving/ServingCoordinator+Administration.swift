// SPDX-License-Identifier: MIT
package import AdminAPI
import Synchronization
import TextGeneration

extension ServingCoordinator: ClusterAdministration {
    package func status() -> ClusterStatus { snapshot().status }

    package func plan() -> PlanDocument? { state.withLock { $0.plan } }

    package func events(after: UInt64?) -> AsyncStream<EventRecord> { eventLog.events(after: after) }

    package func drain() -> DrainDocument {
        if state.withLock({ $0.serving.drain(true) }) {
            note("draining", "no further requests are taken; those that run are finished")
        }
        return drainDocument
    }

    package func resume() -> DrainDocument {
        if state.withLock({ $0.serving.drain(false) }) { note("serving", "requests are taken again") }
        return drainDocument
    }

    package func metrics() -> String { metricsPage }

    private var drainDocument: DrainDocument {
        // First: who enters meanwhile is counted by one or the other.
        let enteringCount = state.withLock(\.enteringCount)
        let snapshot = snapshot()
        return DrainDocument(
            isDraining: snapshot.state.isDraining,
            remaining: enteringCount + snapshot.activity.waitingCount + snapshot.activity.runningCount)
    }
}
