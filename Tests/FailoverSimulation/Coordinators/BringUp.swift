// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import ClusterPlanning

/// Has the stages' workers take their parts, load them and connect, as the coordinator's `ClusterAssembly` does.
final class BringUp {
    private let assembly: Assembly
    private let plan: Plan
    private let slotCount: Int
    private let stages: [Control]
    private var pendingCount = 0

    init(_ assembly: Assembly, _ plan: Plan, _ slotCount: Int, _ stages: [Control]) {
        self.assembly = assembly
        self.plan = plan
        self.slotCount = slotCount
        self.stages = stages
    }

    private var coordinator: Coordinator { assembly.coordinator }

    func begin() {
        let workers = plan.workers
        pendingCount = workers.count
        for worker in workers {
            let own = plan.stages.filter { $0.worker == worker }
            let parts = own.flatMap { coordinator.world.setting.parts(of: $0.layers) }
            let control = stages[own[0].index]
            // Parts that are still being made are sent as they are.
            if coordinator.world.setting.isPacked {
                assign(own, parts, to: control)
            } else {
                ship(parts, complete: [], to: control) { [self] in assign(own, parts, to: control) }
            }
        }
    }

    private func assign(_ own: [PlannedStage], _ parts: [PartReference], to control: Control) {
        let assigned = own.map { stage in
            let next = stage.index + 1 < stages.count ? stages[stage.index + 1] : nil
            return Message.Assignment.Stage(
                index: stage.index, layers: stage.layers, next: next.map { ($0.worker.host, $0.processID) })
        }
        control.send(
            .assignment(
                .init(
                    stages: assigned, slotCount: slotCount, parts: parts,
                    memoryByteCount: own.reduce(0) { $0 + $1.memoryByteCount })))
        control.expect(.storeStatus, within: Limits.loadTimeout) { [self] result in
            guard case .storeStatus(let complete) = answer(result, of: control) else { return }
            if parts.allSatisfy({ complete.contains($0.digest) }) { return awaitReady(control) }
            ship(parts, complete: complete, to: control) { [self] in awaitReady(control) }
        }
    }

    private func awaitReady(_ control: Control) {
        control.expect(.ready, within: Limits.loadTimeout) { [self] in
            guard answer($0, of: control) != nil else { return }
            pendingCount -= 1
            if pendingCount == 0 { link() }
        }
    }

    private func ship(
        _ parts: [PartReference], complete: Set<ContentDigest>, to control: Control,
        _ then: @escaping () -> Void
    ) {
        connect(.weights, to: control) { [self] end in
            let shipment = Shipment(coordinator, to: control, on: end) { [self] error in
                guard !assembly.isOver else { return }
                guard let error else { return then() }
                guard error.code == .lost else { return fail(by: control, error) }
                awaitCause(of: error, by: control) { [self] in fail(by: control, $0) }
            }
            assembly.onCancel.append { shipment.cancel() }
            shipment.begin(parts, complete: complete)
        }
    }

    private func link() {
        pendingCount = stages.count - 1
        for worker in plan.workers {
            link(plan.stages.filter { $0.worker == worker && $0.index + 1 < stages.count }.map(\.index)[...])
        }
        if stages.count == 1 { connect() }
    }

    /// Those of one worker, one after the other.
    private func link(_ indices: ArraySlice<Int>) {
        guard let index = indices.first else { return }
        let control = stages[index]
        control.send(.link(stage: index))
        control.expect(.linked, within: Limits.connectTimeout + Limits.handshakeTimeout) { [self] result in
            if case .failure(let error) = result, error.code == .link, !assembly.isOver {
                coordinator.service?.obstacles.append(
                    cutFrom: control.worker.name, to: stages[index + 1].worker.name)
            }
            guard answer(result) != nil else { return }
            pendingCount -= 1
            if pendingCount == 0 { connect() } else { link(indices.dropFirst()) }
        }
    }

    private func connect() {
        connect(.outcomes, to: stages[stages.count - 1]) { [self] results in
            assembly.onCancel.append { results.close() }
            connect(.steps, to: stages[0]) { [self] steps in
                let pipeline = Pipeline(
                    coordinator, session: assembly.session, controls: stages, steps: steps, results: results)
                assembly.succeed(
                    .init(plan: plan, slotCount: slotCount, controls: stages, pipeline: pipeline))
                assembly.relay.connect(to: pipeline)
            }
        }
    }

    private func connect(_ role: Message.Role, to control: Control, _ then: @escaping (End) -> Void) {
        let hello = Message.Hello(
            role: role, session: assembly.session, node: coordinator.name, version: World.version)
        let dial = Dial(coordinator, to: control.worker.host, hello, processID: control.processID) {
            [self] result in
            guard case .connected(let end, _) = result else {
                let error = ClusterError(.fault, "\(control.worker.name) cannot be connected")
                return awaitCause(of: error, by: control) { [assembly] in assembly.fail($0) }
            }
            if assembly.isOver { end.close() } else { then(end) }
        }
        assembly.onCancel.append { dial.cancel() }
    }

    /// What really happened may come on the control connection a moment later.
    private func awaitCause(
        of error: ClusterError, by control: Control, _ then: @escaping (ClusterError) -> Void
    ) {
        coordinator.after(Limits.rootCauseGrace) { then(control.failure ?? error) }
    }

    /// While it takes and loads its parts.
    private func fail(by control: Control, _ error: ClusterError) {
        guard !assembly.isOver else { return }
        note(error, of: control)
        assembly.fail(error)
    }

    /// While it takes and loads its parts.
    private func answer(_ result: Result<Message, ClusterError>, of control: Control) -> Message? {
        if case .failure(let error) = result, !assembly.isOver { note(error, of: control) }
        return answer(result)
    }

    private func note(_ error: ClusterError, of control: Control) {
        if error.code == .fault { coordinator.service?.obstacles.append(unfit: control.worker.name) }
    }

    private func answer(_ result: Result<Message, ClusterError>) -> Message? {
        guard !assembly.isOver else { return nil }
        switch result {
        case .success(let message): return message
        case .failure(let error):
            assembly.fail(error)
            return nil
        }
    }
}
