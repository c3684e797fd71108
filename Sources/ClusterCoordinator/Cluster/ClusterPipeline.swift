// SPDX-License-Identifier: MIT
package import BitNetCore
import ClusterProtocol
package import ClusterTransport
import ClusterWire
import Synchronization

/// The stages of a plan on their workers: steps go to the first, outcomes come from the last.
package final class ClusterPipeline: StepPipeline {
    private struct State {
        var failure: ClusterError?
        var monitor: StepMonitor
    }

    package let stageCount: Int
    private let outcomes = OutcomeRelay()
    private let steps: FrameConnection
    private let results: FrameConnection
    private let state: Mutex<State>

    /// - Parameters:
    ///   - stageCount: traces that every outcome must carry.
    ///   - lossTimeout: no step is given up before it has been under way for so long.
    ///   - steps: connection to the first stage's worker.
    ///   - results: connection to the last stage's worker.
    package init(
        stageCount: Int, lossTimeout: Duration = Limits.lossTimeout, steps: FrameConnection,
        results: FrameConnection
    ) {
        self.stageCount = stageCount
        self.steps = steps
        self.results = results
        state = Mutex(State(monitor: StepMonitor(now: .now, timeout: lossTimeout)))
        // Losing a data connection is never the first cause: the worker's control connection tells more.
        steps.deliver(
            to: FrameSink(
                received: { [weak self] frame in
                    self?.fail(
                        ClusterError(.fault, "the first stage sent a \(frame.type) on the step connection"))
                },
                closed: { [weak self] error in self?.fail(ClusterError(.link, "first stage: \(error.words)"))
                }))
        results.deliver(
            to: FrameSink(
                received: { [weak self] in self?.received($0) },
                closed: { [weak self] error in self?.fail(ClusterError(.link, "last stage: \(error.words)")) }
            ))
    }

    package func send(_ item: PipelineItem) {
        do throws(WireError) {
            let frame = try Frame(item)
            if case .step(let step) = item {
                state.withLock { $0.monitor.sent(tokenCount: step.entries.count, now: .now) }
            }
            steps.send(frame)
        } catch {
            fail(ClusterError(.fault, error.message))
        }
    }

    /// Time has passed.
    ///
    /// - Returns: how long no step has come back, once that is too long.
    package func tick() -> Duration? { state.withLock { $0.monitor.tick(now: .now) } }

    /// What this end has sent to the first stage, and received from the last, bytes since the connections' beginning.
    package var traffic: (sentByteCount: UInt64, receivedByteCount: UInt64) {
        (steps.traffic.sentByteCount, results.traffic.receivedByteCount)
    }

    package func run(_ receive: @escaping @Sendable (StepOutcome) -> Void) async throws {
        try await outcomes.run(receive)
    }

    package func close() async {
        steps.close()
        results.close()
        outcomes.finish()
    }

    /// Ends the pipeline with the most telling of the errors that arrive close together.
    ///
    /// When a worker dies its neighbours notice broken connections at the same moment; their reports wait
    /// a little for that of the dead worker's own control connection.
    package func fail(_ error: ClusterError) {
        let isFirst = state.withLock { state in
            defer { if state.failure == nil || state.failure?.code == .link { state.failure = error } }
            return state.failure == nil
        }
        if error.code != .link { return finish() }
        guard isFirst else { return }
        Task {
            try? await Task.sleep(for: Limits.rootCauseGrace)
            finish()
        }
    }

    private func finish() {
        let failure = state.withLock { $0.failure }
        outcomes.finish(throwing: failure)
    }

    private func received(_ frame: Frame) {
        do throws(WireError) {
            guard frame.type == .outcome else {
                return fail(ClusterError(.fault, "the last stage sent a \(frame.type) instead of an outcome"))
            }
            let outcome = try OutcomeFrame.decode(frame)
            guard outcome.traces.count == stageCount else {
                return fail(
                    ClusterError(
                        .fault,
                        "step \(outcome.id) passed \(outcome.traces.count) stages instead of \(stageCount)"))
            }
            guard state.withLock({ $0.monitor.returned(now: .now) }) else {
                return fail(
                    ClusterError(
                        .fault, "the last stage returned step \(outcome.id), though none was under way"))
            }
            outcomes.deliver(outcome)
        } catch {
            fail(ClusterError(.fault, "the last stage sent an outcome that cannot be read: \(error.message)"))
        }
    }
}
