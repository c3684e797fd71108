// SPDX-License-Identifier: MIT
package import AdminAPI
import BitNetCore
import Synchronization
import TextGeneration

extension ServingCoordinator: ClusterAdministration {
    package func status() -> ClusterStatus {
        var snapshot = supervisor.snapshot()
        snapshot.gateway = gateway.withLock { $0 }
        var status = snapshot.status
        status.spares = spares(status)
        return status
    }

    /// Workers without layers, with those that the operator has drained or just lets have some again.
    private func spares(_ status: ClusterStatus) -> [SpareStatus]? {
        guard let standing else { return status.spares }
        let drained = standing.drained
        // What one holds that is drained is of no use as long as it shall have nothing.
        let others = (status.spares ?? []).filter { !drained.contains($0.worker) }
        let known = Set(status.stages.map(\.worker) + others.map(\.worker))
        let resumed = standing.resumed.subtracting(known).map { worker in
            SpareStatus(worker: worker, reason: "it may have layers again; bitnet-ctl replan gives it some")
        }
        let spares =
            others + resumed
            + drained.subtracting(known).map { worker in
                SpareStatus(
                    worker: worker, reason: "it is drained, until bitnet-ctl drain \(worker) --resume",
                    isDrained: true)
            }
        return spares.isEmpty ? nil : spares.sorted { $0.worker < $1.worker }
    }

    package func plan() -> PlanDocument? { supervisor.plan }

    package func events(after: UInt64?) -> AsyncStream<EventRecord> { supervisor.events.events(after: after) }

    package func history(after time: Double?) -> HistoryDocument { supervisor.history(after: time) }

    package func drain() -> DrainDocument {
        supervisor.drain(true)
        return drainDocument
    }

    package func resume() -> DrainDocument {
        supervisor.drain(false)
        return drainDocument
    }

    package func drain(worker: String) throws(PlacementError) -> PlacementDocument {
        let standing = try movable()
        let owners = supervisor.plan?.stages.map(\.worker) ?? []
        // The cluster file may have been read again since the start, or leave it to a name who the workers are.
        let found = supervisor.snapshot().state.workers.map(\.name)
        let known = (found + owners).reduce(into: subject.workerNames) { known, name in
            if !known.contains(name) { known.append(name) }
        }
        guard known.contains(worker) else {
            throw PlacementError(
                .unknownWorker,
                "there is no worker “\(worker)” here; there are \(known.joined(separator: ", "))")
        }
        standing.drain(worker)
        guard owners.isEmpty || owners.contains(worker) else {
            return PlacementDocument(
                message:
                    "worker \(worker) has no layers, and gets none until bitnet-ctl drain \(worker) --resume")
        }
        return try move("the operator is draining worker \(worker)") { _ = standing.resume(worker) }
    }

    package func resume(worker: String) throws(PlacementError) -> PlacementDocument {
        guard try movable().resume(worker) else {
            throw PlacementError(.unknownWorker, "worker “\(worker)” is not drained")
        }
        return PlacementDocument(
            message: "worker \(worker) may have layers again; bitnet-ctl replan gives it some")
    }

    package func replan() throws(PlacementError) -> PlacementDocument {
        try movable().divideAnew()
        return try move("the operator has the layers divided anew") {}
    }

    private func movable() throws(PlacementError) -> ClusterStanding {
        guard let standing else {
            throw PlacementError(
                .unknownWorker, "all stages are inside this coordinator: there are no workers")
        }
        return standing
    }

    /// - Parameter undo: what to do if there is nothing to move.
    private func move(_ reason: String, _ undo: () -> Void) throws(PlacementError) -> PlacementDocument {
        guard supervisor.interrupt(reason) else {
            undo()
            throw PlacementError(
                .notServing,
                health.reason.map { "nothing can be moved now: \($0)" } ?? "nothing is served now")
        }
        return PlacementDocument(message: reason)
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
