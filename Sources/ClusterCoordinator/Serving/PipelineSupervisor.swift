// SPDX-License-Identifier: MIT
package import AdminAPI
package import BitNetCore
package import Logging
import Synchronization
package import TextGeneration

/// Keeps a pipeline up: brings it up, watches it, and brings it up again when it is lost, until it is stopped.
package final class PipelineSupervisor: Sendable {
    /// Brings a pipeline up, tells what happens meanwhile, and runs a body while the generator uses it; returns or
    /// throws when that ends.
    package typealias BringUp =
        @Sendable (
            _ generator: Generator, _ onEvent: @escaping @Sendable (ClusterEvent) -> Void,
            _ body: @escaping @Sendable (RunningPipeline) async throws -> Void
        ) async throws -> Void

    private struct State {
        var serving: ServingState
        var record = PipelineRecord()
        var metrics = ClusterMetrics()
        var history = ActivityHistory()
        var isProbing = false
        /// When the present pipeline began to serve, or the last one was lost.
        var since = ContinuousClock.now
        /// Ends the present pipeline, so that the next one is brought up.
        var interruption: AsyncStream<String>.Continuation?
        /// How long the present pipeline was serving when it was interrupted.
        var interruptedAfter: Duration?
    }

    private let cluster: String
    private let model: ModelStatus
    /// What goes on from one pipeline to the next.
    private let text: Generator
    private let restartDelays: ClosedRange<Duration>
    private let failoverTimeout: Duration
    private let startTimeout: Duration
    private let start = ContinuousClock.now
    private let log: Logger
    /// What happens, for whoever follows.
    package let events = EventLog()
    private let state: Mutex<State>

    /// - Parameters:
    ///   - workers: Those that are to join.
    ///   - generator: What users speak to; its sequences outlive a pipeline.
    ///   - restartDelays: Waits between attempts to bring a lost pipeline back, after one that was made at once: the
    ///     first, and the longest.
    ///   - failoverTimeout: How long sequences wait for the next pipeline.
    ///   - startTimeout: How long a first pipeline that is lost while it comes up is tried again.
    package init(
        cluster: String, model: ModelStatus, workers: [ServingState.Worker], generator: Generator,
        log: Logger,
        restartDelays: ClosedRange<Duration> = Limits.restartDelayFirst...Limits.restartDelayMax,
        failoverTimeout: Duration = Limits.failoverTimeout, startTimeout: Duration = Limits.joinTimeout
    ) {
        self.cluster = cluster
        self.model = model
        self.log = log
        text = generator
        self.restartDelays = restartDelays
        self.failoverTimeout = failoverTimeout
        self.startTimeout = startTimeout
        state = Mutex(State(serving: ServingState(workers: workers)))
    }

    /// Keeps a pipeline up until the task is cancelled.
    ///
    /// - Throws: what keeps the first pipeline from coming up, but for losses, which are made good for a while; later ones
    ///   are tried again and again, until another coordinator takes over.
    package func run(_ bringUp: @escaping BringUp) async throws {
        defer {
            text.giveUp(.serviceEnded)
            events.finish()
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.keepUp(bringUp) }
            group.addTask { try await self.watchPauses() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func keepUp(_ bringUp: BringUp) async throws {
        var delays = RestartDelays(restartDelays)
        var hasServed = false
        while true {
            do {
                try await bringUp(text, { [self] in record($0) }, { [self] in try await serve($0) })
                throw GenerationError.pipelineClosed
            } catch {
                try Task.checkCancellation()
                let service = lose(error)
                hasServed = hasServed || service != nil
                let code = (error as? ClusterError)?.code
                let isStarting = start.duration(to: .now) < startTimeout && code?.mayPass == true
                guard hasServed ? code != .takenOver : isStarting else { throw error }
                try await Task.sleep(for: delays.next(after: service))
            }
        }
    }

    /// Tells those whose pipeline was lost that they wait, and that they wait in vain.
    private func watchPauses() async throws {
        while true {
            // Who shall not wait at all is not watched without a rest.
            let interval = min(Limits.pauseCommentInterval, failoverTimeout)
            try await Task.sleep(for: max(interval, Limits.failoverTick))
            text.tellPause()
            let reason = state.withLock { state in
                state.since.duration(to: .now) >= failoverTimeout ? state.serving.giveUp() : nil
            }
            guard let reason else { continue }
            let message = "no other stages came up within \(failoverTimeout): \(reason)"
            text.giveUp(GenerationError(.unavailable, message, retryAfter: restartDelays.upperBound))
            note("down", message, level: .error)
        }
    }

    // MARK: A pipeline's life

    private func serve(_ pipeline: RunningPipeline) async throws {
        let observations = pipeline.observe()
        let (interruptions, interruption) = AsyncStream<String>.makeStream(
            bufferingPolicy: .bufferingOldest(1))
        state.withLock { state in
            state.interruption = interruption
            state.record.begin(pipeline.plan, observations)
            state.metrics.beginPipeline(observations)
            state.isProbing = false
            state.since = .now
            state.serving.serve(at: WallClock.seconds)
        }
        note(
            "serving",
            "\(pipeline.stages.count) stage\(pipeline.stages.count == 1 ? "" : "s"), "
                + "\(pipeline.slotCount) sequence\(pipeline.slotCount == 1 ? "" : "s") at a time")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    self.tick(pipeline)
                    try await Task.sleep(for: .seconds(1))
                }
            }
            group.addTask {
                for await reason in interruptions { throw PlacementChange(message: reason) }
                throw CancellationError()
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Has another pipeline brought up in place of the present one, while those who use it wait.
    ///
    /// From now on that is the state, so that nobody who looks takes the present pipeline for the next one.
    ///
    /// - Returns: `false` if there is none.
    package func interrupt(_ reason: String) -> Bool {
        state.withLock { state in
            guard state.serving.phase == .serving, let interruption = state.interruption else { return false }
            state.interruptedAfter = state.since.duration(to: .now)
            state.since = .now
            state.serving.move(reason)
            interruption.yield(reason)
            return true
        }
    }

    /// - Returns: how long a pipeline was serving, if one was until then.
    private func lose(_ error: any Error) -> Duration? {
        let reason = error.words
        let worker = (error as? ClusterError)?.worker
        let activity = text.activity
        let (service, isNews) = state.withLock { state -> (Duration?, Bool) in
            let isServing = state.serving.phase == .serving
            let service = state.interruptedAfter ?? (isServing ? state.since.duration(to: .now) : nil)
            if isServing { state.since = .now }
            state.interruption = nil
            state.interruptedAfter = nil
            state.record.end()
            if error is PlacementChange {
                state.serving.move(reason)
                return (service, true)
            }
            let isNews = state.serving.lose(
                reason, worker: worker, sequenceCount: activity.waitingCount + activity.runningCount,
                at: WallClock.seconds)
            return (service, isNews)
        }
        if error is PlacementChange {
            note("moving", reason)
        } else {
            // What is tried in vain again and again is no news to whom it was told.
            note("lost", worker: worker, reason, level: service != nil ? .error : isNews ? .warning : .debug)
        }
        publish()
        return service
    }

    /// Once a second: looks at the workers, publishes figures, and makes sure that the pipeline works.
    private func tick(_ pipeline: RunningPipeline) {
        let observations = pipeline.observe()
        let activity = text.activity
        let seconds = start.duration(to: .now).seconds
        let wantsProbe = state.withLock { state in
            state.record.observe(observations, activity, at: seconds)
            // What is under way shows it soon.
            guard activity.meter.waitingSince == nil, !state.isProbing else { return false }
            let isIdle = activity.meter.lastReturn.map { $0.duration(to: .now) >= Limits.healthProbeInterval }
            guard isIdle ?? true else { return false }
            state.isProbing = true
            return true
        }
        publish()
        if wantsProbe { probe() }
    }

    /// Sends one token through all stages.
    private func probe() {
        var request = GenerationRequest(id: "probe", prompt: .tokens([0]), tokenCountMax: 1)
        request.isProbe = true
        request.sampling.wantsLogProbabilities = false
        let events = text.generate(request)
        Task {
            // How it ends is seen by the steps that come back, or do not.
            do { for try await _ in events {} } catch {}
            state.withLock { $0.isProbing = false }
        }
    }

    private func publish() {
        let snapshot = snapshot()
        let status = snapshot.status
        state.withLock { state in
            state.metrics.publish(snapshot, status.state)
            state.history.note(status)
        }
    }

    private func record(_ event: ClusterEvent) {
        state.withLock { $0.serving.apply(event) }
        let line = EventLine(event)
        guard line.isRecorded else { return }
        if case .shipping(let progress) = event {
            state.withLock { $0.metrics.shipped(progress.sentByteCount, to: progress.worker) }
        }
        note(line.kind, worker: line.worker, line.message, level: line.level)
    }

    private func note(
        _ kind: String, worker: String? = nil, _ message: String, level: Logger.Level = .info
    ) {
        events.append(kind, worker: worker, message, time: WallClock.seconds)
        var metadata: Logger.Metadata = ["detail": "\(message)"]
        if let worker { metadata["worker"] = "\(worker)" }
        log.log(level: level, "\(kind)", metadata: metadata)
    }
}

/// A pipeline ends because its layers are wanted elsewhere.
private struct PlacementChange: RemediableError {
    let message: String
}

// MARK: What others see

extension PipelineSupervisor {
    /// What writes text, now or as soon as there are stages again.
    ///
    /// - Throws: ``GenerationError`` while there is nothing, or nobody more is to be served.
    package func generator() throws(GenerationError) -> Generator {
        let (isServed, unavailability) = state.withLock { state in
            let isServed =
                switch state.serving.phase {
                case .serving, .recovering: !state.serving.isDraining
                case .starting, .down: false
                }
            return (isServed, state.serving.health(sinceLastToken: nil).reason)
        }
        guard isServed else {
            throw GenerationError(
                .unavailable, unavailability ?? "the service is not ready", retryAfter: .seconds(2))
        }
        return text
    }

    /// From now on nobody more is served, or everybody again; what runs is finished.
    package func drain(_ isDraining: Bool) {
        guard state.withLock({ $0.serving.drain(isDraining) }) else { return }
        if isDraining {
            note("draining", "no further requests are taken; those that run are finished")
        } else {
            note("serving", "requests are taken again")
        }
    }

    package var health: ServiceHealth {
        let meter = text.meter
        return state.withLock { Self.health($0, meter) }
    }

    private static func health(_ state: State, _ meter: PipelineMeter) -> ServiceHealth {
        func time(since start: ContinuousClock.Instant?) -> Duration? { start.map { $0.duration(to: .now) } }
        return state.serving.health(
            sinceLastToken: time(since: meter.lastReturn), sinceStart: time(since: state.since),
            stepTime: time(since: meter.waitingSince))
    }

    package var plan: PlanDocument? { state.withLock { $0.record.plan } }

    /// How the last hour went, from what is later than a time in seconds since 1970.
    package func history(after time: Double?) -> HistoryDocument {
        state.withLock { $0.history }.document(after: time)
    }

    /// All but where users find the service.
    package func snapshot() -> ClusterSnapshot {
        let uptime = start.duration(to: .now)
        let activity = text.activity
        return state.withLock { state in
            return ClusterSnapshot(
                cluster: cluster, model: model, gateway: nil, time: WallClock.seconds, uptime: uptime,
                state: state.serving, health: Self.health(state, activity.meter),
                plan: state.record.plan, observations: state.record.observations,
                window: state.record.window, activity: activity)
        }
    }
}
