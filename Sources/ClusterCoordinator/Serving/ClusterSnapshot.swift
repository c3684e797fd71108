// SPDX-License-Identifier: MIT
package import AdminAPI
package import BitNetCore
import ClusterPlanning
package import TextGeneration

/// All that a status is made of, taken at one moment.
package struct ClusterSnapshot: Sendable {
    package var cluster: String
    package var model: ModelStatus
    package var gateway: String?
    /// Seconds since 1970.
    package var time: Double
    package var uptime: Duration
    package var state: ServingState
    package var health: ServiceHealth
    package var plan: PlanDocument?
    package var observations: [StageObservation]
    package var window: ActivityWindow
    package var activity: GenerationActivity

    package init(
        cluster: String, model: ModelStatus, gateway: String?, time: Double, uptime: Duration,
        state: ServingState, health: ServiceHealth, plan: PlanDocument?, observations: [StageObservation],
        window: ActivityWindow, activity: GenerationActivity
    ) {
        self.cluster = cluster
        self.model = model
        self.gateway = gateway
        self.time = time
        self.uptime = uptime
        self.state = state
        self.health = health
        self.plan = plan
        self.observations = observations
        self.window = window
        self.activity = activity
    }

    /// The document that operators read.
    package var status: ClusterStatus {
        var status = ClusterStatus(
            cluster: cluster, state: .serving, build: Build.name, time: time, uptimeSeconds: uptime.seconds,
            model: model, workersExpected: state.workers.count, workersJoined: joinedCount)
        status.gateway = gateway
        status.stages = stages
        if !state.spares.isEmpty { status.spares = state.spares }
        status.throughput = throughput
        status.queue = queue
        status.failures = state.failures
        status.reasons = reasons(status.stages)
        status.state =
            switch health.state {
            case .starting: .starting
            case .recovering: .recovering
            case .down: .down
            case .draining: .draining
            case .serving: status.reasons.isEmpty ? .serving : .degraded
            }
        status.hints = StatusHints.hints(for: status)
        return status
    }

    private var joinedCount: Int {
        // A stage inside this process joins nothing.
        state.phase == .serving
            ? state.workers.count - Set(observations.filter(\.isLost).map(\.worker)).count : state.joinedCount
    }

    // MARK: Stages

    private var stages: [StageStatus] {
        guard let plan, state.phase == .serving else { return stagesComingUp }
        let rates = window.stages
        var stages = plan.stages.map { planned in
            stage(
                planned,
                observations.first { $0.worker == planned.worker && $0.layers.first == planned.layers.first },
                rates.indices.contains(planned.index) ? rates[planned.index] : ActivityWindow.StageRates())
        }
        if let slowest = slowest(stages, plan) { stages[slowest].isSlowest = true }
        return stages
    }

    private func stage(
        _ planned: PlanDocument.Stage, _ seen: StageObservation?, _ rates: ActivityWindow.StageRates
    ) -> StageStatus {
        var stage = StageStatus(
            index: planned.index, worker: planned.worker, address: planned.address,
            state: seen?.isLost == true ? .lost : .serving, layers: planned.layers)
        stage.memoryBytes = seen?.memoryByteCount ?? planned.memoryBytes
        stage.memoryLimitBytes = seen?.memoryLimitByteCount ?? planned.memoryLimitBytes
        stage.coresActive = rates.coresActive
        stage.cores = seen?.coreCount
        stage.threads = seen?.threadCount
        stage.isa = seen?.isa
        stage.computeMilliseconds = rates.computeMilliseconds
        stage.idleFraction = rates.idleFraction
        stage.stepsPerSecond = rates.stepsPerSecond
        stage.receivedBytesPerSecond = rates.receivedBytesPerSecond
        stage.linkMilliseconds = seen?.link.map { $0.latencySeconds * 1e3 }
        stage.linkBytesPerSecond = seen?.link?.bytesPerSecond
        stage.heartbeatMilliseconds = seen?.heartbeatRoundTrip.map { $0.seconds * 1e3 }
        stage.stealFraction = seen?.stealFraction
        stage.diskFreeBytes = seen?.diskFreeByteCount
        stage.build = seen?.build
        return stage
    }

    /// The busiest stage; what the plan expects to be that while nothing runs.
    private func slowest(_ stages: [StageStatus], _ plan: PlanDocument) -> Int? {
        guard stages.count > 1 else { return nil }
        let busy = stages.map { 1 - ($0.idleFraction ?? 1) }
        if let most = busy.indices.max(by: { busy[$0] < busy[$1] }), busy[most] > 0.05 { return most }
        let planned = plan.stages.map { $0.stepMilliseconds ?? 0 }
        return planned.indices.max { planned[$0] < planned[$1] }.flatMap { planned[$0] > 0 ? $0 : nil }
    }

    /// Before there is a pipeline, or after it was lost: a row for each worker and for each of its stages, with the layers
    /// that they had.
    private var stagesComingUp: [StageStatus] {
        state.workers.enumerated().flatMap { index, worker in
            let planned = plan?.stages.filter { $0.worker == worker.name } ?? []
            return planned.isEmpty
                ? [comingUp(worker, nil, index)] : planned.map { comingUp(worker, $0, $0.index) }
        }.sorted { $0.index < $1.index }
    }

    private func comingUp(
        _ worker: ServingState.Worker, _ planned: PlanDocument.Stage?, _ index: Int
    ) -> StageStatus {
        var stage = StageStatus(
            index: index, worker: worker.name, address: worker.address, state: worker.state,
            layers: planned?.layers ?? [])
        stage.isa = worker.isa
        stage.threads = worker.threadCount
        stage.progress = worker.progress
        stage.memoryBytes = planned?.memoryBytes
        stage.memoryLimitBytes = planned?.memoryLimitBytes
        return stage
    }

    // MARK: Throughput

    private var throughput: ThroughputStatus {
        var figures = ThroughputStatus()
        figures.decodeTokensPerSecond = window.decodeTokensPerSecond
        figures.prefillTokensPerSecond = window.prefillTokensPerSecond
        figures.activeSequences = window.activeSequences
        figures.isAloneMeasured = window.aloneTokensPerSecond != nil
        figures.aloneTokensPerSecond =
            window.aloneTokensPerSecond ?? plan?.expectations.first { $0.sequences == 1 }?.tokensPerSecond
        figures.plannedTokensPerSecond =
            plan?.expectations.first { $0.sequences == plan?.slots }?.tokensPerSecond
        let first = activity.ledger.firstTokenTimes.milliseconds(at: [0.5, 0.95])
        figures.timeToFirstTokenP50Milliseconds = first.first
        figures.timeToFirstTokenP95Milliseconds = first.last
        let between = activity.ledger.betweenTokensTimes.milliseconds(at: [0.5, 0.95])
        figures.betweenTokensP50Milliseconds = between.first
        figures.betweenTokensP95Milliseconds = between.last
        figures.generatedTokenCount = activity.ledger.generatedTokenCount
        figures.promptTokenCount = activity.ledger.promptTokenCount
        figures.stepCount = activity.meter.stepCount
        return figures
    }

    private var queue: QueueStatus {
        var queue = QueueStatus()
        queue.waiting = activity.waitingCount
        queue.running = activity.runningCount
        queue.slots = plan?.slots ?? 0
        queue.waitingMax = activity.waitingMax
        queue.refusedCount = activity.ledger.refusedCount
        queue.finishedCount = activity.ledger.finishedCount
        queue.failedCount = activity.ledger.failedCount
        return queue
    }

    private func reasons(_ stages: [StageStatus]) -> [String] {
        var reasons = health.reason.map { [$0] } ?? []
        for stage in stages where state.phase == .serving {
            if stage.state == .lost {
                reasons.append("worker \(stage.worker) (stage \(stage.index)) is lost")
            }
            if let steal = stage.stealFraction, steal > 0.1 {
                reasons.append(
                    "worker \(stage.worker): other virtual machines take \((steal * 100).text(places: 0)) % of its "
                        + "processor time")
            }
            if let free = stage.diskFreeBytes, free < Limits.diskFreeBytesLow {
                reasons.append("worker \(stage.worker): its disk is nearly full")
            }
        }
        return reasons
    }
}
