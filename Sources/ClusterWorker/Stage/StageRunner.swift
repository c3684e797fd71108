// SPDX-License-Identifier: MIT
import BitNetCore
package import BitNetEngine
package import ClusterWire
package import Dispatch
package import Logging
import NIOCore
import Synchronization

/// Runs one stage: takes the pipeline's frames in order, computes each step on a serial queue, and hands the
/// frame for the next stage on.
///
/// This is the overlap: while the queue computes step n, the event loop receives step n+1 into memory and
/// sends step n−1; neither waits for the other.
///
/// Safety: `@unchecked Sendable` because `stage`, `requestIDs`, `previousEnd` and `hasFailed` are touched on
/// `queue` only.
package final class StageRunner: @unchecked Sendable {
    /// What the stage hands on.
    package enum Output: Sendable {
        /// For the next stage or, from the last stage, for the coordinator; `sent` is to be called when it has
        /// left.
        case frame(Frame, sent: @Sendable () -> Void)
        /// The stage can do no more; nothing follows.
        case failure(any Error)
    }

    private let stage: Stage
    private let isLast: Bool
    private let hidden: Int
    private let queue: DispatchQueue
    private let log: Logger?
    private let output: @Sendable (Output) -> Void
    /// Whose sequence is in each open slot.
    private var requestIDs: [UInt32: String] = [:]
    private let waitingSteps = Atomic<Int>(0)
    private let waitingSlotChanges = Atomic<Int>(0)
    private let isFlooded = Atomic<Bool>(false)
    private let completed = Atomic<UInt64>(0)
    private let lastSendingMicros = Atomic<UInt32>(0)
    private var previousEnd = ContinuousClock.now
    private var hasFailed = false

    /// - Parameters:
    ///   - stage: used by nobody else from now on.
    ///   - queue: serial; of stages that share threads the same one.
    ///   - log: gets a line when a sequence is opened or closed.
    ///   - output: called on the compute queue, in order; must return at once.
    package init(
        stage: Stage, queue: DispatchQueue? = nil, log: Logger? = nil,
        output: @escaping @Sendable (Output) -> Void
    ) {
        self.stage = stage
        self.log = log
        self.output = output
        isLast = stage.layers.end == stage.model.layerCount
        hidden = stage.model.hiddenSize
        self.queue = queue ?? DispatchQueue(label: "stage \(stage.layers)", qos: .userInitiated)
    }

    /// What it computes with: never written once it is loaded, so that others may share it.
    package var weights: StageWeights { stage.weights }

    /// What its sequences leave behind, once it has stopped.
    package func leave() -> KeptStates? { stage.leave() }

    /// Steps computed so far.
    package var completedStepCount: UInt64 { completed.load(ordering: .relaxed) }

    /// Takes one frame of type `.opening`, `.step` or `.closing`.
    ///
    /// Never blocks; a sender that does not keep to the agreed number in flight is a failure, and its frames
    /// are dropped.
    package func receive(_ frame: Frame) {
        let arrival = ContinuousClock.now
        let isStep = frame.type == .step
        let waitingMax = isStep ? Limits.stageQueueStepsMax : 2 * Limits.slotsMax
        let depth = changeWaiting(isStep: isStep, by: 1)
        guard depth <= waitingMax else {
            return fail(
                StageRunnerError(
                    message: "\(depth) \(frame.type) frames wait for the stage, at most \(waitingMax)"))
        }
        queue.async { [self] in
            _ = changeWaiting(isStep: isStep, by: -1)
            guard !hasFailed else { return }
            do {
                try process(frame, arrival: arrival)
            } catch {
                hasFailed = true
                output(.failure(error))
            }
        }
    }

    private func changeWaiting(isStep: Bool, by change: Int) -> Int {
        isStep
            ? waitingSteps.wrappingAdd(change, ordering: .relaxed).newValue
            : waitingSlotChanges.wrappingAdd(change, ordering: .relaxed).newValue
    }

    private func fail(_ error: StageRunnerError) {
        // Said once: the depth stays over the limit while the sender goes on.
        guard !isFlooded.exchange(true, ordering: .relaxed) else { return }
        queue.async { [self] in
            guard !hasFailed else { return }
            hasFailed = true
            output(.failure(error))
        }
    }

    /// Returns once everything received before has been computed, and takes nothing more.
    package func stop() async {
        await withCheckedContinuation { done in
            queue.async { [self] in
                hasFailed = true
                done.resume()
            }
        }
    }

    private func process(_ frame: Frame, arrival: ContinuousClock.Instant) throws {
        switch frame.type {
        case .opening:
            try open(Opening.decode(frame.payload))
            if !isLast { hand(on: frame) }
        case .closing:
            try close(slot: Closing.decode(frame.payload).slot)
            if !isLast { hand(on: frame) }
        case .step:
            try compute(frame, arrival: arrival)
        default:
            throw StageRunnerError(message: "a frame of type \(frame.type) has no place in the pipeline")
        }
    }

    private func open(_ opening: Opening) throws(StageError) {
        requestIDs[opening.slot] = opening.requestID
        do {
            try stage.open(
                slot: opening.slot, sampling: opening.sampling, promptTokenCount: opening.promptTokenCount,
                prefix: opening.prefix)
        } catch {
            return try giveUp(error)
        }
        log?.debug(
            "sequence opened",
            metadata: [
                "request.id": "\(opening.requestID)", "slot": "\(opening.slot)",
                "prompt.tokens": "\(opening.promptTokenCount)",
                "shared.tokens": "\(opening.prefix?.tokenCount ?? 0)",
            ])
    }

    private func close(slot: UInt32) {
        let requestID = requestIDs.removeValue(forKey: slot)
        stage.close(slot: slot)
        log?.debug(
            "sequence closed",
            metadata: [
                "request.id": "\(requestID ?? "")", "slot": "\(slot)",
                "tokens": "\(stage.tokenCount(of: slot))",
            ])
    }

    /// What is wrong with one sequence ends that one only: who asked is told by the results that it does not get.
    ///
    /// - Throws: `error`, if it concerns no sequence that has not been given up before.
    private func giveUp(_ error: StageError) throws(StageError) {
        guard stage.giveUp(error) else { throw error }
        log?.warning(
            "sequence given up",
            metadata: [
                "request.id": "\(error.slots.map { requestIDs[$0] ?? "" }.joined(separator: " "))",
                "reason": "\(error.message)",
            ])
    }

    private func compute(_ frame: Frame, arrival: ContinuousClock.Instant) throws {
        let received = try StepFrame.decode(frame)
        let step = received.step
        let next: Frame
        if isLast {
            let (results, trace) = try forward(received, in: frame, arrival: arrival, output: nil)
            next = try OutcomeFrame.encode(
                StepOutcome(id: step.id, results: results, traces: step.traces + [trace]))
        } else {
            next = try StepFrame.encode(step, hidden: hidden) { output in
                try forward(received, in: frame, arrival: arrival, output: output).trace
            }
        }
        completed.wrappingAdd(1, ordering: .relaxed)
        hand(on: next)
    }

    private func forward(
        _ received: StepFrame, in frame: Frame, arrival: ContinuousClock.Instant,
        output: UnsafeMutableRawBufferPointer?
    ) throws(StageError) -> (results: [StepResult], trace: StageTrace) {
        let start = ContinuousClock.now
        let results = try received.hop.withUnsafeReadableBytes { hop throws(StageError) in
            while true {
                do throws(StageError) {
                    return try stage.forward(received.step, hop: hop.isEmpty ? nil : hop, output: output)
                } catch {
                    // At most once for each of the step's sequences.
                    try giveUp(error)
                }
            }
        }
        return (
            results, trace(start: start, arrival: arrival, receivedBytes: frame.header.frameByteCount)
        )
    }

    private func hand(on frame: Frame) {
        let start = ContinuousClock.now
        output(
            .frame(frame) { [self] in
                lastSendingMicros.store(start.duration(to: .now).traceMicros, ordering: .relaxed)
            })
    }

    private func trace(
        start: ContinuousClock.Instant, arrival: ContinuousClock.Instant, receivedBytes: Int
    ) -> StageTrace {
        let end = ContinuousClock.now
        defer { previousEnd = end }
        return StageTrace(
            computeMicros: start.duration(to: end).traceMicros,
            idleMicros: previousEnd.duration(to: start).traceMicros,
            queuedMicros: arrival.duration(to: start).traceMicros,
            sendingMicros: lastSendingMicros.load(ordering: .relaxed),
            receivedBytes: UInt32(clamping: receivedBytes))
    }
}

/// A frame that the stage cannot take.
struct StageRunnerError: RemediableError {
    let message: String
}

extension Duration {
    /// Whole microseconds, as many as a trace can hold.
    fileprivate var traceMicros: UInt32 { UInt32(clamping: wholeMicroseconds) }
}
