// SPDX-License-Identifier: MIT
package import AdminAPI
import Synchronization
import TextGeneration

extension ServingCoordinator: ClusterAdministration {
    package func status() -> ClusterStatus {
        var snapshot = supervisor.snapshot()
        snapshot.gateway = gateway.withLock { $0 }
        return snapshot.status
    }

    package func plan() -> PlanDocument? { supervisor.plan }

    package func events(after: UInt64?) -> AsyncStream<EventRecord> { supervisor.events.events(after: after) }

    package func drain() -> DrainDocument {
        supervisor.drain(true)
        return drainDocument
    }

    package func resume() -> DrainDocument {
        supervisor.drain(false)
        return drainDocument
    }

    package func metrics() -> String { metricsText() }

    private var drainDocument: DrainDocument {
        // First: who enters meanwhile is counted by one or the other.
        let enteringCount = enteringCount.load(ordering: .sequentiallyConsistent)
        let snapshot = supervisor.snapshot()
        return DrainDocument(
            isDraining: snapshot.state.isDraining,
            remaining: enteringCount + snapshot.activity.waitingCount + snapshot.activity.runningCount)
    }
}
