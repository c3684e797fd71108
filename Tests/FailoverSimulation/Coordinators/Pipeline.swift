// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import ClusterProtocol

/// The stages of a plan, as the coordinator's `ClusterPipeline` and `PipelineWatch` see them.
///
/// ``StepMonitor`` and ``LinkMonitor`` decide when nothing comes back any more.
final class Pipeline {
    let session: UInt64
    private let coordinator: Coordinator
    private let controls: [Control]
    private let steps: End
    private let results: End
    private var monitor: StepMonitor
    private var links: [LinkMonitor]
    private var failure: ClusterError?
    private var isOver = false
    private var tickCount: UInt64 = 0
    /// Since when the oldest step under way is waited for, and whether any has come back.
    private(set) var waitingSince: Int64?
    private var underWayCount = 0
    private(set) var returnedCount = 0
    var onOutcome: ((StepOutcome) -> Void)?
    /// Called once.
    var onEnd: ((any Error) -> Void)?

    init(_ coordinator: Coordinator, session: UInt64, controls: [Control], steps: End, results: End) {
        self.coordinator = coordinator
        self.session = session
        self.controls = controls
        self.steps = steps
        self.results = results
        let now = coordinator.timeline.now
        monitor = StepMonitor(now: now)
        links = Array(repeating: LinkMonitor(now: now), count: controls.count + 1)
        steps.closed = { [self] in fail(ClusterError(.link, "first stage: closed")) }
        results.closed = { [self] in fail(ClusterError(.link, "last stage: closed")) }
        steps.received = { coordinator.world.journal.fail("the first stage sends \($0)") }
        results.received = { [self] in take($0) }
        watch()
    }

    func send(_ item: PipelineItem) {
        if case .step(let step) = item {
            if underWayCount == 0 { waitingSince = coordinator.timeline.micros }
            underWayCount += 1
            monitor.sent(tokenCount: step.entries.count, now: coordinator.timeline.now)
        }
        steps.send(.item(item, hop: [], session: session))
    }

    private func take(_ message: Message) {
        guard case .outcome(let outcome, let session) = message else {
            return coordinator.world.journal.fail("the last stage sends \(message)")
        }
        if session != self.session {
            coordinator.world.journal.fail(
                "session \(self.session) takes an outcome of session \(session)")
        }
        underWayCount -= 1
        returnedCount += 1
        waitingSince = underWayCount > 0 ? coordinator.timeline.micros : nil
        guard monitor.returned(now: coordinator.timeline.now) else {
            return fail(ClusterError(.fault, "step \(outcome.id) returned, though none was under way"))
        }
        // As by `OutcomeRelay`: nothing is delivered by a pipeline that has ended.
        if !isOver { onOutcome?(outcome) }
    }

    private func watch() {
        guard !isOver else { return }
        tickCount += 1
        let figures = figures
        let sent = [steps.sentByteCount] + figures.map { $0?.sentByteCount ?? 0 }
        let received =
            zip(figures, controls).map { ($0?.receivedByteCount ?? 0, $1.latest?.sequence ?? 0) } + [
                (results.receivedByteCount, tickCount)
            ]
        let now = coordinator.timeline.now
        for (index, (sent, received)) in zip(sent, received).enumerated() {
            let report = LinkMonitor.Report(
                sentByteCount: sent, receivedByteCount: received.0, receiverSequence: received.1)
            guard links[index].tick(report, now: now) != nil else { continue }
            return controls[min(index, controls.count - 1)].fail(
                ClusterError(.stalled, "the connection to stage \(index) is silent"))
        }
        if monitor.tick(now: now) != nil { return failStuck() }
        coordinator.after(Limits.heartbeatInterval) { [self] in watch() }
    }

    /// Of each stage, by what its worker said last.
    private var figures: [Message.StageFigures?] {
        controls.enumerated().map { index, control in
            control.latest?.stages.first { $0.index == index }
        }
    }

    private func failStuck() {
        let counts = figures.map { $0?.stepCount ?? 0 }
        let stuck = counts.indices.dropFirst().first { counts[$0] < counts[$0 - 1] }
        let error = ClusterError(.stalled, "no step came back; steps computed by each stage: \(counts)")
        if let stuck { controls[stuck].fail(error) } else { fail(error) }
    }

    /// The most telling of the errors that arrive close together ends the pipeline.
    func fail(_ error: ClusterError) {
        let isFirst = failure == nil
        if isFirst || failure?.code == .link { failure = error }
        if error.code != .link { return finish() }
        if isFirst { coordinator.after(Limits.rootCauseGrace) { [self] in finish() } }
    }

    private func finish() {
        if let failure { end(failure) }
    }

    /// - Parameter error: why it is let go, if it has not failed.
    func end(_ error: any Error) {
        guard !isOver else { return }
        isOver = true
        let onEnd = onEnd
        self.onEnd = nil
        onEnd?(error)
    }

    func close() {
        isOver = true
        onOutcome = nil
        onEnd = nil
        steps.close()
        results.close()
    }
}

/// Carries the workers' failures to the pipeline, and keeps the first that comes before there is one.
final class FailureRelay {
    private var earliest: ClusterError?
    private var pipeline: Pipeline?

    func report(_ error: ClusterError) {
        earliest = earliest ?? error
        pipeline?.fail(error)
    }

    func forget() { earliest = nil }

    func connect(to pipeline: Pipeline) {
        self.pipeline = pipeline
        if let earliest { pipeline.fail(earliest) }
    }
}
