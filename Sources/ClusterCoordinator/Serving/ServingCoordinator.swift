// SPDX-License-Identifier: MIT
package import AdminAPI
package import BitNetCore
package import Logging
import Synchronization

/// A coordinator that serves until it is told to end: keeps a pipeline up, and brings it up again when it is lost.
package final class ServingCoordinator: Sendable {
    /// What does not change while it serves.
    package struct Subject: Sendable {
        package var cluster: String
        package var model: ModelStatus
        package var served: ServedModel
        package var codec: TextCodec
        /// Those that are to join.
        package var workers: [ServingState.Worker]

        package init(
            cluster: String, model: ModelStatus, served: ServedModel, codec: TextCodec,
            workers: [ServingState.Worker]
        ) {
            self.cluster = cluster
            self.model = model
            self.served = served
            self.codec = codec
            self.workers = workers
        }
    }

    /// Brings a pipeline up, tells what happens meanwhile, and runs a body with it; returns or throws when that ends.
    package typealias BringUp =
        @Sendable (
            _ onEvent: @escaping @Sendable (ClusterEvent) -> Void,
            _ body: @escaping @Sendable (RunningPipeline) async throws -> Void
        ) async throws -> Void

    struct State {
        var serving: ServingState
        var pipeline: RunningPipeline?
        var plan: PlanDocument?
        var window = ActivityWindow(secondsMax: AdminAPI.windowSeconds)
        var observations: [StageObservation] = []
        /// Of the pipeline that was lost last.
        var lastMeter = PipelineMeter(stageCount: 0)
        /// Of all pipelines that were lost.
        var pastLedger = GenerationLedger()
        var gateway: String?
        var metrics = ClusterMetrics()
        var isProbing = false
        /// Requests that are taken, but not yet with the generator.
        var enteringCount = 0
    }

    let subject: Subject
    private let start = ContinuousClock.now
    private let log: Logger
    private let metricsText: @Sendable () -> String
    let eventLog = EventLog()
    let state: Mutex<State>

    /// - Parameter metricsText: all figures of the process as Prometheus reads them.
    package init(subject: Subject, log: Logger, metricsText: @escaping @Sendable () -> String) {
        self.subject = subject
        self.log = log
        self.metricsText = metricsText
        state = Mutex(State(serving: ServingState(workers: subject.workers)))
    }

    /// Where users find the service, such as `http://127.0.0.1:8080/v1`.
    package func announce(gateway: String) {
        state.withLock { $0.gateway = gateway }
    }

    /// Serves until the task is cancelled.
    ///
    /// - Throws: what keeps the first pipeline from coming up; later ones are tried again and again.
    package func run(_ bringUp: BringUp) async throws {
        defer { eventLog.finish() }
        var delay = Limits.restartDelayFirst
        var hasServed = false
        while true {
            do {
                try await bringUp({ [self] in record($0) }, { [self] pipeline in try await serve(pipeline) })
                throw GenerationError.pipelineClosed
            } catch {
                try Task.checkCancellation()
                let wasServing = lose(error)
                hasServed = hasServed || wasServing
                guard hasServed else { throw error }
                if wasServing { delay = Limits.restartDelayFirst }
                try await Task.sleep(for: delay)
                delay = min(delay * 2, Limits.restartDelayMax)
            }
        }
    }

    // MARK: A pipeline's life

    private func serve(_ pipeline: RunningPipeline) async throws {
        let observations = pipeline.observe()
        state.withLock { state in
            state.pipeline = pipeline
            state.plan = pipeline.plan
            state.observations = observations
            state.window = ActivityWindow(secondsMax: AdminAPI.windowSeconds)
            state.metrics.beginPipeline(observations)
            state.isProbing = false
            state.serving.serve(at: WallClock.seconds)
        }
        note(
            "serving",
            "\(pipeline.stages.count) stage\(pipeline.stages.count == 1 ? "" : "s"), "
                + "\(pipeline.slotCount) sequence\(pipeline.slotCount == 1 ? "" : "s") at a time")
        while true {
            tick(pipeline)
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// - Returns: whether a pipeline was serving until then.
    private func lose(_ error: any Error) -> Bool {
        let reason = (error as? any RemediableError)?.message ?? "\(error)"
        let worker = (error as? ClusterError)?.worker
        let wasServing = state.withLock { state in
            let activity = state.pipeline?.generator.activity
            state.pipeline = nil
            if let activity {
                state.lastMeter = activity.meter
                state.pastLedger.add(activity.ledger)
                state.window = ActivityWindow(secondsMax: AdminAPI.windowSeconds)
            }
            let wasServing = state.serving.phase == .serving
            state.serving.lose(
                reason, worker: worker,
                sequenceCount: activity.map { $0.waitingCount + $0.runningCount } ?? 0, at: WallClock.seconds)
            return wasServing
        }
        note("lost", worker: worker, reason, level: .error)
        publish()
        return wasServing
    }

    /// Once a second: looks at the workers, publishes figures, and makes sure that the pipeline works.
    private func tick(_ pipeline: RunningPipeline) {
        let observations = pipeline.observe()
        let activity = pipeline.generator.activity
        let seconds = start.duration(to: .now).seconds
        let wantsProbe = state.withLock { state in
            state.observations = observations
            state.window.append(
                ActivityWindow.Sample(
                    seconds: seconds, stages: activity.meter.stages,
                    generatedTokenCount: activity.ledger.generatedTokenCount,
                    enteredTokenCount: activity.enteredTokenCount, startedCount: activity.ledger.startedCount,
                    runningCount: activity.runningCount,
                    processorMicros: observations.map(\.processorMicros)))
            let isIdle = activity.meter.lastReturn.map { $0.duration(to: .now) >= Limits.healthProbeInterval }
            guard isIdle ?? true, !state.isProbing else { return false }
            state.isProbing = true
            return true
        }
        publish()
        if wantsProbe { probe(pipeline.generator) }
    }

    /// Sends one token through all stages.
    private func probe(_ generator: Generator) {
        var request = GenerationRequest(id: "probe", prompt: .tokens([0]), tokenCountMax: 1)
        request.isProbe = true
        request.sampling.wantsLogProbabilities = false
        let events = generator.generate(request)
        Task {
            // How it ends is seen by the steps that come back, or do not.
            do { for try await _ in events {} } catch {}
            state.withLock { $0.isProbing = false }
        }
    }

    private func publish() {
        let snapshot = snapshot()
        let current = snapshot.status.state
        state.withLock { $0.metrics.publish(snapshot, current) }
    }

    // MARK: Telling

    private func record(_ event: ClusterEvent) {
        state.withLock { $0.serving.apply(event) }
        let line = EventLine(event)
        guard line.isRecorded else { return }
        if case .shipping(let progress) = event {
            state.withLock { $0.metrics.shipped(progress.sentByteCount, to: progress.worker) }
        }
        note(line.kind, worker: line.worker, line.message, level: line.level)
    }

    func note(_ kind: String, worker: String? = nil, _ message: String, level: Logger.Level = .info) {
        eventLog.append(kind, worker: worker, message, time: WallClock.seconds)
        var metadata: Logger.Metadata = ["detail": "\(message)"]
        if let worker { metadata["worker"] = "\(worker)" }
        log.log(level: level, "\(kind)", metadata: metadata)
    }

    func snapshot() -> ClusterSnapshot {
        let uptime = start.duration(to: .now)
        return state.withLock { state in
            var activity = state.pipeline?.generator.activity ?? GenerationActivity(meter: state.lastMeter)
            activity.ledger.add(state.pastLedger)
            let sinceLastToken = activity.meter.lastReturn.map { $0.duration(to: .now) }
            return ClusterSnapshot(
                cluster: subject.cluster, model: subject.model, gateway: state.gateway,
                time: WallClock.seconds,
                uptime: uptime, state: state.serving,
                health: state.serving.health(sinceLastToken: sinceLastToken), plan: state.plan,
                observations: state.observations, window: state.window, activity: activity)
        }
    }

    var metricsPage: String { metricsText() }
}
