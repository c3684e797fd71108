// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterConfig
import ClusterPlanning
import ClusterTransport

extension ClusterAssembly {
    private enum Arrival {
        case joined(WorkerControl)
        case absent(WorkerEntry)
        /// Some time has passed.
        case tick
    }

    /// Reaches those that are still there, until they can take over what was served.
    ///
    /// - Returns: who joined, and what each is to do.
    /// - Throws: ``PlanError`` once nobody else comes, if there is no room for what is lost.
    func takeOver(
        from service: ClusterStanding.Service, by entries: [WorkerEntry]
    ) async throws -> (joined: [WorkerControl], settings: StageSettings, plan: Plan) {
        let entries = entries.filter { !service.drained.contains($0.name) }
        var muster = service.muster(of: entries.map { ($0.name, $0.isSpare) })
        let start = ContinuousClock.now
        return try await withThrowingTaskGroup(of: Arrival.self) { group in
            func ask(_ entry: WorkerEntry, after delay: Duration = .zero) {
                group.addTask { try await arrival(of: entry, after: delay) }
            }
            for entry in entries { ask(entry) }
            group.addTask { try await Self.tick() }
            var joined: [WorkerControl] = []
            do {
                while let arrival = try await group.next() {
                    switch arrival {
                    case .joined(let control):
                        joined.append(control)
                        muster.join(control.worker.name)
                    case .absent(let entry):
                        ask(entry, after: muster.leave(entry.name))
                    case .tick: group.addTask { try await Self.tick() }
                    }
                    for entry in Self.dropLost(of: &joined, in: entries) {
                        ask(entry, after: muster.leave(entry.name))
                    }
                    let time = start.duration(to: .now)
                    guard muster.isDue(after: time) else { continue }
                    let alive = entries.compactMap { entry in
                        joined.first { $0.worker.name == entry.name && $0.failure == nil }
                    }
                    do throws(PlanError) {
                        let (settings, plan) = try failover(
                            from: service, to: alive, entries, isPatient: muster.isPatient(after: time))
                        await Self.close(lateIn: &group)
                        for control in joined where control.failure != nil { control.close() }
                        return (alive, settings, plan)
                    } catch {
                        // Somebody else may still come; but who is drained could have stayed.
                        let isPatient = service.drained.isEmpty || time < Limits.failoverGrace
                        if muster.isOver || !isPatient { throw error }
                    }
                }
                throw ClusterError(.join, "no worker came up")
            } catch {
                await Self.close(lateIn: &group)
                for control in joined { control.close() }
                throw error
            }
        }
    }

    private func arrival(of entry: WorkerEntry, after delay: Duration) async throws -> Arrival {
        try await Task.sleep(for: delay)
        do {
            return .joined(try await join(entry))
        } catch {
            try Task.checkCancellation()
            return .absent(entry)
        }
    }

    /// - Returns: those that are lost again.
    private static func dropLost(of joined: inout [WorkerControl], in entries: [WorkerEntry]) -> [WorkerEntry]
    {
        let lost = joined.filter { $0.failure != nil }
        for control in lost { control.close() }
        joined.removeAll { control in lost.contains { $0 === control } }
        return entries.filter { entry in lost.contains { $0.worker.name == entry.name } }
    }

    private func failover(
        from service: ClusterStanding.Service, to joined: [WorkerControl], _ entries: [WorkerEntry],
        isPatient: Bool
    ) throws(PlanError) -> (StageSettings, Plan) {
        try service.obstacles.first(whileOthersMayCome: isPatient) { avoided throws(PlanError) in
            try failover(from: service, to: joined, entries, avoiding: avoided)
        }
    }

    private func failover(
        from service: ClusterStanding.Service, to joined: [WorkerControl], _ entries: [WorkerEntry],
        avoiding avoided: Set<String>
    ) throws(PlanError) -> (StageSettings, Plan) {
        let entries = entries.filter { !avoided.contains($0.name) }
        if service.isAnew, let (settings, plan) = try? divided(from: service, among: joined, entries) {
            return (settings, plan)
        }
        let (slotCount, plan) = try SlotCounts.first(wanted: request.slotCount) {
            slotCount throws(PlanError) in
            let settings = settings(slotCount: slotCount)
            return try FailoverPlan(
                after: service.plan, cost: ModelCost(of: model, settings),
                workers: offers(entries, joined, service.measurements, settings), drained: service.drained,
                warm: service.warm, avoided: avoided
            ).plan()
        }
        return (settings(slotCount: slotCount), plan)
    }

    /// As if nothing had been served.
    private func divided(
        from service: ClusterStanding.Service, among joined: [WorkerControl], _ entries: [WorkerEntry]
    ) throws(PlanError) -> (StageSettings, Plan) {
        let (slotCount, plan) = try SlotCounts.first(wanted: request.slotCount) {
            slotCount throws(PlanError) in
            try self.plan(entries, joined, service.measurements, settings(slotCount: slotCount))
        }
        return (settings(slotCount: slotCount), plan)
    }

    private static func tick() async throws -> Arrival {
        try await Task.sleep(for: Limits.failoverTick)
        return .tick
    }

    /// Ends the waiting for workers that are not needed; who came meanwhile would stay held with nobody behind it.
    private static func close(lateIn group: inout ThrowingTaskGroup<Arrival, any Error>) async {
        group.cancelAll()
        while let late = await group.nextResult() {
            if case .success(.joined(let control)) = late { control.close() }
        }
    }
}
