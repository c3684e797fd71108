// SPDX-License-Identifier: MIT
package import AdminAPI
import BitNetCore
import Metrics
import TextGeneration

/// The coordinator's figures for monitoring, those of its workers included; published once a second.
///
/// Labels are stages and workers of one cluster file, states and finish reasons: bounded all of them. Times to first
/// token and between tokens are the gateway's, who sees them as its users do.
package struct ClusterMetrics {
    /// Tokens written.
    private let generatedTokens = Sum("bitnet_generated_tokens_total")
    /// Tokens of the prompts that were taken.
    private let promptTokens = Sum("bitnet_prompt_tokens_total")
    private let acceptedDrafts = Sum("bitnet_draft_tokens_accepted_total")
    private let rejectedDrafts = Sum("bitnet_draft_tokens_rejected_total")
    /// Steps that have crossed every stage.
    private let steps = Sum("bitnet_steps_total")
    private let refused = Sum("bitnet_sequences_refused_total")
    private let finished: [(reason: FinishReason, sum: Sum)] = FinishReason.allCases.map { reason in
        (reason, Sum("bitnet_sequences_finished_total", [("reason", reason.rawValue)]))
    }
    private let failed = Sum("bitnet_sequences_finished_total", [("reason", "failed")])
    private let cancelled = Sum("bitnet_sequences_finished_total", [("reason", "cancelled")])
    private let starts = Sum("bitnet_pipeline_starts_total")
    private let losses = Sum("bitnet_pipeline_losses_total")
    private let waiting = Gauge(label: "bitnet_sequences_waiting")
    private let running = Gauge(label: "bitnet_sequences_running")
    private let slots = Gauge(label: "bitnet_slots")
    private let sinceLastToken = Gauge(label: "bitnet_seconds_since_last_token")
    /// Time of a step under way that no stage computed.
    private let transit = Timer(label: "bitnet_step_transit_seconds")
    private let states: [(state: ClusterStatus.State, gauge: Gauge)] = ClusterStatus.State.allCases.map {
        ($0, Gauge(label: "bitnet_cluster_state", dimensions: [("state", $0.rawValue)]))
    }
    private var stages: [StageMetrics] = []
    private var workers: [WorkerMetrics] = []
    /// Steps of this pipeline whose transits are published.
    private var transitStepCount: UInt64 = 0

    package init() {}

    /// What was shipped to a worker.
    package func shipped(_ byteCount: UInt64, to worker: String) {
        Counter(label: "bitnet_shipped_bytes_total", dimensions: [("worker", worker)]).increment(
            by: Int64(clamping: byteCount))
    }

    /// A new pipeline counts from zero, and may have other stages.
    package mutating func beginPipeline(_ observations: [StageObservation]) {
        steps.restart()
        transitStepCount = 0
        stages = observations.enumerated().map { StageMetrics(stage: $0, worker: $1.worker) }
        let known = Set(workers.map(\.name))
        workers += Set(observations.map(\.worker)).subtracting(known).sorted().map(WorkerMetrics.init)
    }

    package mutating func publish(_ snapshot: ClusterSnapshot, _ state: ClusterStatus.State) {
        let ledger = snapshot.activity.ledger
        let meter = snapshot.activity.meter
        generatedTokens.set(ledger.generatedTokenCount)
        promptTokens.set(ledger.promptTokenCount)
        acceptedDrafts.set(ledger.acceptedDraftCount)
        rejectedDrafts.set(ledger.rejectedDraftCount)
        steps.set(meter.stepCount)
        refused.set(ledger.refusedCount)
        failed.set(ledger.failedCount)
        cancelled.set(ledger.cancelledCount)
        for (reason, sum) in finished { sum.set(ledger.finishedCounts[reason] ?? 0) }
        starts.set(snapshot.state.startCount)
        losses.set(snapshot.state.lossCount)
        waiting.record(snapshot.activity.waitingCount)
        running.record(snapshot.activity.runningCount)
        slots.record(snapshot.plan?.slots ?? 0)
        if let since = snapshot.health.sinceLastToken { sinceLastToken.record(since.seconds) }
        for (each, gauge) in states { gauge.record(each == state ? 1 : 0) }
        for micros in meter.lastTransits(meter.stepCount - min(transitStepCount, meter.stepCount)) {
            transit.recordMicroseconds(Int64(clamping: micros))
        }
        transitStepCount = meter.stepCount
        for (metrics, counters) in zip(stages, meter.stages) { metrics.publish(counters) }
        let isServing = snapshot.state.phase == .serving
        for metrics in workers {
            let seen = isServing ? snapshot.observations.first { $0.worker == metrics.name } : nil
            metrics.publish(seen)
        }
    }
}

/// One stage's part.
private struct StageMetrics {
    private let busy: SecondsSum
    private let idle: SecondsSum
    private let sending: SecondsSum
    private let steps: Sum
    private let received: Sum

    init(stage: Int, worker: String) {
        let labels = [("stage", "\(stage)"), ("worker", worker)]
        busy = SecondsSum("bitnet_stage_busy_seconds_total", labels)
        idle = SecondsSum("bitnet_stage_idle_seconds_total", labels)
        sending = SecondsSum("bitnet_stage_sending_seconds_total", labels)
        steps = Sum("bitnet_stage_steps_total", labels)
        received = Sum("bitnet_hop_received_bytes_total", labels)
    }

    func publish(_ counters: StageCounters) {
        busy.set(micros: counters.computeMicros)
        idle.set(micros: counters.idleMicros)
        sending.set(micros: counters.sendingMicros)
        steps.set(counters.stepCount)
        received.set(counters.receivedBytes)
    }
}

/// One worker's part.
private struct WorkerMetrics {
    let name: String
    private let up: Gauge
    private let heartbeat: Gauge
    private let processor: SecondsSum
    private let resident: Gauge
    private let stageMemory: Gauge
    private let available: Gauge
    private let diskFree: Gauge
    private let steal: Gauge

    init(name: String) {
        self.name = name
        func gauge(_ label: String) -> Gauge { Gauge(label: label, dimensions: [("worker", name)]) }
        up = gauge("bitnet_worker_up")
        heartbeat = gauge("bitnet_heartbeat_round_trip_seconds")
        processor = SecondsSum("bitnet_worker_cpu_seconds_total", [("worker", name)])
        resident = gauge("bitnet_worker_resident_bytes")
        stageMemory = gauge("bitnet_worker_stage_memory_bytes")
        available = gauge("bitnet_worker_memory_available_bytes")
        diskFree = gauge("bitnet_worker_disk_free_bytes")
        steal = gauge("bitnet_worker_steal_ratio")
    }

    func publish(_ seen: StageObservation?) {
        up.record(seen.map { $0.isLost ? 0 : 1 } ?? 0)
        guard let seen else { return }
        if let time = seen.heartbeatRoundTrip { heartbeat.record(time.seconds) }
        if let micros = seen.processorMicros { processor.set(micros: micros) }
        if let bytes = seen.residentByteCount { resident.record(Double(bytes)) }
        if let bytes = seen.memoryByteCount { stageMemory.record(Double(bytes)) }
        if let bytes = seen.availableMemoryByteCount { available.record(Double(bytes)) }
        if let bytes = seen.diskFreeByteCount { diskFree.record(Double(bytes)) }
        if let share = seen.stealFraction { steal.record(share) }
    }
}

/// A counter that is told sums instead of increments; one that falls has begun anew.
private final class Sum {
    private let counter: Counter
    private var last: UInt64 = 0

    init(_ label: String, _ labels: [(String, String)] = []) {
        counter = Counter(label: label, dimensions: labels)
    }

    func restart() { last = 0 }

    func set(_ sum: UInt64) {
        if sum < last { last = 0 }
        if sum > last { counter.increment(by: Int64(clamping: sum - last)) }
        last = sum
    }
}

/// The same for times.
private final class SecondsSum {
    private let counter: FloatingPointCounter
    private var last: UInt64 = 0

    init(_ label: String, _ labels: [(String, String)]) {
        counter = FloatingPointCounter(label: label, dimensions: labels)
    }

    func set(micros sum: UInt64) {
        if sum < last { last = 0 }
        if sum > last { counter.increment(by: Double(sum - last) / 1e6) }
        last = sum
    }
}
