// SPDX-License-Identifier: MIT
package import AdminAPI
package import BitNetCore
package import Logging
import Synchronization
package import TextGeneration

/// Keeps a pipeline up: brings it up, watches it, and brings it up again when it is lost, until it is stopped.
package final class PipelineSupervisor: Sendable {
    /// Brings a pipeline up, tells what happens meanwhile, and runs a body with it; returns or throws when that ends.
    package typealias BringUp =
        @Sendable (
            _ onEvent: @escaping @Sendable (ClusterEvent) -> Void,
            _ body: @escaping @Sendable (RunningPipeline) async throws -> Void
        ) async throws -> Void

    private struct State {
        var serving: ServingState
        var pipeline: RunningPipeline?
        var record = PipelineRecord()
        var metrics = ClusterMetrics()
        var isProbing = false
    }

    private let cluster: String
    private let model: ModelStatus
    private let restartDelays: ClosedRange<Duration>
    private let start = ContinuousClock.now
    private let log: Logger
    /// What happens, for whoever follows.
    package let events = EventLog()
    private let state: Mutex<State>

    /// - Parameters:
    ///   - workers: Those that are to join.
    ///   - restartDelays: Waits between attempts to bring a lost pipeline back: the first, and the longest.
    package init(
        cluster: String, model: ModelStatus, workers: [ServingState.Worker], log: Logger,
        restartDelays: ClosedRange<Duration> = Limits.restartDelayFirst...Limits.restartDelayMax
    ) {
        self.cluster = cluster
        self.model = model
        self.log = log
        self.restartDelays = restartDelays
        state = Mutex(State(serving: ServingState(workers: workers)))
    }

    /// Keeps a pipeline up until the task is cancelled.
    ///
    /// - Throws: what keeps the first pipeline from coming up; later ones are tried again and again.
    package func run(_ bringUp: BringUp) async throws {
        defer { events.finish() }
        var delay = restartDelays.lowerBound
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
                if wasServing { delay = restartDelays.lowerBound }
                try await Task.sleep(for: delay)
                delay = min(delay * 2, restartDelays.upperBound)
            }
        }
    }

    // MARK: A pipeline's life

    private func serve(_ pipeline: RunningPipeline) async throws {
        let observations = pipeline.observe()
        state.withLock { state in
            state.pipeline = pipeline
            state.record.begin(pipeline.plan, observations)
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
            if let activity { state.record.end(activity) }
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
            state.record.observe(observations, activity, at: seconds)
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

// MARK: What others see

extension PipelineSupervisor {
    /// What writes text now.
    ///
    /// - Throws: ``GenerationError`` while there is nothing, or nobody more is to be served.
    package func generator() throws(GenerationError) -> Generator {
        let (generator, unavailability) = state.withLock { state in
            (
                state.serving.isDraining ? nil : state.pipeline?.generator,
                state.serving.health(sinceLastToken: nil).reason
            )
        }
        guard let generator else {
            throw GenerationError(
                .unavailable, unavailability ?? "the service is not ready", retryAfter: .seconds(2))
        }
        return generator
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
        state.withLock { state in
            let last = state.record.lastReturn(with: state.pipeline?.generator.meter)
            return state.serving.health(sinceLastToken: last.map { $0.duration(to: .now) })
        }
    }

    package var plan: PlanDocument? { state.withLock { $0.record.plan } }

    /// All but where users find the service.
    package func snapshot() -> ClusterSnapshot {
        let uptime = start.duration(to: .now)
        return state.withLock { state in
            let activity = state.record.activity(with: state.pipeline?.generator.activity)
            let sinceLastToken = activity.meter.lastReturn.map { $0.duration(to: .now) }
            return ClusterSnapshot(
                cluster: cluster, model: model, gateway: nil, time: WallClock.seconds, uptime: uptime,
                state: state.serving, health: state.serving.health(sinceLastToken: sinceLastToken),
                plan: state.record.plan, observations: state.record.observations,
                window: state.record.window, activity: activity)
        }
    }
}
