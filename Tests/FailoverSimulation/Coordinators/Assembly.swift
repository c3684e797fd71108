// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import ClusterPlanning

/// The way from a list of workers to a running pipeline, as the coordinator's `ClusterAssembly` goes it.
///
/// ``FailoverMuster`` decides how long it waits for whom, `StagePlanner` and `FailoverPlan` who gets what.
final class Assembly {
    struct Cluster {
        let plan: Plan
        let slotCount: Int
        let controls: [Control]
        let pipeline: Pipeline
    }

    let coordinator: Coordinator
    let session: UInt64
    let relay = FailureRelay()
    private var joins: [Join] = []
    private(set) var joined: [Control] = []
    private var then: ((Result<Cluster, any Error>) -> Void)?
    private var muster: FailoverMuster?
    private var start: Int64
    /// What must be given up with the attempt.
    var onCancel: [() -> Void] = []

    init(
        _ coordinator: Coordinator, session: UInt64,
        _ then: @escaping (Result<Cluster, any Error>) -> Void
    ) {
        self.coordinator = coordinator
        self.session = session
        self.then = then
        start = coordinator.timeline.micros
    }

    var isOver: Bool { then == nil }
    private var world: World { coordinator.world }
    private var places: [WorkerPlace] { world.setting.workers }

    // MARK: The first cluster, and those after it

    func begin() {
        guard let service = coordinator.service else { return beginFirst() }
        let places = places.filter { !service.drained.contains($0.name) }
        muster = service.muster(of: places.map { ($0.name, $0.isSpare) })
        for place in places { ask(place, service, places) }
        tick(service, places)
    }

    private func ask(_ place: WorkerPlace, _ service: ClusterStanding.Service, _ places: [WorkerPlace]) {
        guard muster != nil, !isOver else { return }
        join(place) { [self] result in
            switch result {
            case .success: muster?.join(place.name)
            case .failure: leave(place, service, places)
            }
            takeOver(from: service, places)
        }
    }

    private func leave(_ place: WorkerPlace, _ service: ClusterStanding.Service, _ places: [WorkerPlace]) {
        guard let delay = muster?.leave(place.name) else { return }
        coordinator.after(delay) { [self] in ask(place, service, places) }
    }

    private func beginFirst() {
        let places = places.filter { !$0.isSpare }
        for place in places {
            join(place) { [self] result in
                if case .failure(let error) = result { return fail(error) }
                guard joined.count == places.count else { return }
                let alive = places.compactMap { place in joined.first { $0.worker.name == place.name } }
                do {
                    let (slotCount, plan) = try world.setting.plan(offers(alive))
                    bringUp(plan, slotCount)
                } catch {
                    fail(error)
                }
            }
        }
    }

    private func join(_ place: WorkerPlace, _ then: @escaping (Result<Control, any Error>) -> Void) {
        joins.append(
            Join(coordinator, place, session: session) { [self] result in
                switch result {
                case .success(let (end, welcome)):
                    guard !isOver else { return end.close() }
                    let control = Control(place, welcome, on: end) { [relay] in relay.report($0) }
                    joined.append(control)
                    then(.success(control))
                case .failure(let error):
                    if !isOver { then(.failure(error)) }
                }
            })
    }

    private func tick(_ service: ClusterStanding.Service, _ places: [WorkerPlace]) {
        coordinator.after(Limits.failoverTick) { [self] in
            guard muster != nil, !isOver else { return }
            takeOver(from: service, places)
            tick(service, places)
        }
    }

    private func takeOver(from service: ClusterStanding.Service, _ places: [WorkerPlace]) {
        guard muster != nil, !isOver else { return }
        for control in joined where control.failure != nil {
            control.close()
            leave(control.worker, service, places)
        }
        joined.removeAll { $0.failure != nil }
        guard let muster else { return }
        let time = Duration.microseconds(coordinator.timeline.micros - start)
        guard muster.isDue(after: time) else { return }
        let alive = places.compactMap { place in
            joined.first { $0.worker.name == place.name && $0.failure == nil }
        }
        do {
            let (slotCount, plan) = try world.setting.failover(
                after: service, offers(alive), isPatient: muster.isPatient(after: time))
            check(plan, after: service, muster, time)
            self.muster = nil
            for join in joins { join.cancel() }
            joined = alive
            bringUp(plan, slotCount)
        } catch {
            // Somebody else may still come; but who is drained could have stayed.
            let isPatient = service.drained.isEmpty || time < Limits.failoverGrace
            if muster.isOver || !isPatient {
                if !service.drained.isEmpty { coordinator.service?.drained = [] }
                fail(error)
            }
        }
    }

    private func offers(_ controls: [Control]) -> [WorkerOffer] {
        controls.map {
            WorkerOffer(
                name: $0.worker.name, address: "", memoryByteCount: $0.memoryByteCount,
                isSpare: $0.worker.isSpare, stagesMax: Limits.workerStagesMax)
        }
    }

    /// Those that were not seen to die are waited for, two seconds at most.
    private func check(
        _ plan: Plan, after service: ClusterStanding.Service, _ muster: FailoverMuster, _ time: Duration
    ) {
        guard time < .seconds(2), !service.isAnew else { return }
        let awaited = service.plan.stages.map(\.worker).filter {
            !service.lost.contains($0) && !service.drained.contains($0) && !muster.absent.contains($0)
        }
        for name in awaited where !joined.contains(where: { $0.worker.name == name }) {
            world.journal.fail(
                "after \(time) worker \(name), which nobody saw die, is not waited for any more")
        }
    }

    // MARK: Its end

    private func bringUp(_ plan: Plan, _ slotCount: Int) {
        let setting = world.setting
        world.journal.note(
            "\(coordinator.name) plans "
                + plan.stages.map { "\($0.worker) \($0.layers)" }.joined(separator: ", ")
                + ", \(slotCount) slots, session \(session)")
        if let fault = setting.fault(in: plan, offers(joined)) { world.journal.fail(fault) }
        let stages = plan.stages.compactMap { stage in joined.first { $0.worker.name == stage.worker } }
        guard stages.count == plan.stages.count else {
            return world.journal.fail("a stage is given to a worker that did not join")
        }
        joined.filter { control in !stages.contains { $0 === control } }.letGo { [self] in
            guard !isOver else { return }
            relay.forget()
            BringUp(self, plan, slotCount, stages).begin()
        }
    }

    func succeed(_ cluster: Cluster) {
        let then = then
        self.then = nil
        onCancel = []
        then?(.success(cluster))
    }

    func fail(_ error: any Error) {
        guard let then else { return }
        self.then = nil
        if muster == nil, coordinator.service != nil {
            for worker in coordinator.left(joined) { coordinator.service?.obstacles.append(unfit: worker) }
        }
        giveUp()
        then(.failure(error))
    }

    func cancel() {
        then = nil
        giveUp()
    }

    private func giveUp() {
        muster = nil
        for join in joins { join.cancel() }
        for body in onCancel { body() }
        onCancel = []
        for control in joined { control.close() }
    }
}
