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
        pendingCount = stages.count
        for (index, control) in stages.enumerated() {
            let parts = coordinator.world.setting.parts(of: plan.stages[index].layers)
            // Parts that are still being made are sent as they are.
            if coordinator.world.setting.isPacked {
                assign(index, parts)
            } else {
                ship(parts, complete: [], to: control) { [self] in assign(index, parts) }
            }
        }
    }

    private func assign(_ index: Int, _ parts: [PartReference]) {
        let next = index + 1 < stages.count ? stages[index + 1] : nil
        let control = stages[index]
        control.send(
            .assignment(
                .init(
                    layers: plan.stages[index].layers, slotCount: slotCount, parts: parts,
                    memoryByteCount: plan.stages[index].memoryByteCount,
                    next: next.map { ($0.worker.host, $0.processID) })))
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
                if error.code == .lost { return fail(by: control, error) }
                note(error, of: control)
                assembly.fail(error)
            }
            assembly.onCancel.append { shipment.cancel() }
            shipment.begin(parts, complete: complete)
        }
    }

    private func link() {
        pendingCount = stages.count - 1
        for (control, next) in zip(stages, stages.dropFirst()) {
            control.send(.link)
            control.expect(.linked, within: Limits.connectTimeout + Limits.handshakeTimeout) {
                [self] result in
                if case .failure(let error) = result, error.code == .link, !assembly.isOver {
                    coordinator.service?.obstacles.append(cutFrom: control.worker.name, to: next.worker.name)
                }
                guard answer(result) != nil else { return }
                pendingCount -= 1
                if pendingCount == 0 { connect() }
            }
        }
        if stages.count == 1 { connect() }
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
                return fail(by: control, ClusterError(.fault, "\(control.worker.name) cannot be connected"))
            }
            if assembly.isOver { end.close() } else { then(end) }
        }
        assembly.onCancel.append { dial.cancel() }
    }

    /// What really happened may come on the control connection a moment later.
    private func fail(by control: Control, _ error: ClusterError) {
        coordinator.after(Limits.rootCauseGrace) { [assembly] in assembly.fail(control.failure ?? error)
        }
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
