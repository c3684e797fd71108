// SPDX-License-Identifier: MIT
import BitNetCore

/// Computes a stage's items in order, one at a time, as the worker's own `StageRunner` does.
final class StageRunner {
    private let session: WorkerSession
    let index: Int
    private let isLast: Bool
    private var stage: ToyStage
    var upstream: End?
    var downstream: End?
    private(set) var stepCount: UInt64 = 0
    private var waiting: [(item: PipelineItem, hop: [UInt64])] = []
    private var isComputing = false
    private var whenStopped: (() -> Void)?
    private var isStopped = false

    init(of session: WorkerSession, _ assigned: Message.Assignment.Stage, slotCount: Int) {
        self.session = session
        index = assigned.index
        stage = ToyStage(
            layers: assigned.layers, of: session.worker.world.setting.layerCount, slotCount: slotCount)
        isLast = assigned.next == nil
    }

    var layers: LayerRange { stage.layers }
    var openSlotCount: Int { stage.openSlotCount }
    var isIdle: Bool { waiting.isEmpty && !isComputing }

    func receive(_ item: PipelineItem, _ hop: [UInt64], _ session: UInt64) {
        guard session == self.session.id else {
            return self.session.journal.fail(
                "stage \(layers) of session \(self.session.id) takes a frame of session \(session)")
        }
        waiting.append((item, hop))
        next()
    }

    /// Computes nothing more; `then` is called when what is being computed is done.
    func stop(_ then: @escaping () -> Void) {
        isStopped = true
        waiting = []
        if isComputing { whenStopped = then } else { session.worker.after(.milliseconds(1), then) }
    }

    private func next() {
        guard !isComputing, !isStopped, !waiting.isEmpty else { return }
        let (item, hop) = waiting.removeFirst()
        guard case .step(let step) = item else {
            take(item, hop)
            return next()
        }
        isComputing = true
        let world = session.worker.world
        let time =
            world.setting.stepTime + world.setting.entryTime * (step.entries.count * layers.count)
        let stuck = max(session.worker.stuckUntil - world.timeline.micros, 0)
        session.worker.after(time + .microseconds(stuck)) { [self] in
            isComputing = false
            if let whenStopped { return whenStopped() }
            stepCount += 1
            take(item, hop)
            next()
        }
    }

    private func take(_ item: PipelineItem, _ hop: [UInt64]) {
        do throws(ToyStage.Complaint) {
            switch item {
            case .open(let opening): try stage.open(opening)
            case .close(let slot): try stage.close(slot)
            case .step(let step):
                let (outputs, results) = try stage.compute(step, hop: hop)
                guard isLast else { return send(item, outputs) }
                downstream?.send(
                    .outcome(StepOutcome(id: step.id, results: results, traces: []), session: session.id))
            }
            if !isLast { send(item, []) }
        } catch {
            session.journal.fail("stage \(layers) of worker \(session.worker.name): \(error.message)")
        }
    }

    private func send(_ item: PipelineItem, _ hop: [UInt64]) {
        downstream?.send(.item(item, hop: hop, session: session.id))
    }
}
