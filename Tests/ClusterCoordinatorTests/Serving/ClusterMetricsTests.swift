// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import ClusterCoordinator
import Metrics
import Telemetry
import Testing
import TextGeneration

@Suite struct ClusterMetricsTests {
    private let registry: PrometheusRegistry
    private var metrics: ClusterMetrics

    init() {
        let registry = PrometheusRegistry(definitions: MetricCatalogue.definitions)
        self.registry = registry
        metrics = withMetricsFactory(PrometheusMetricsFactory(registry: registry)) { ClusterMetrics() }
    }

    /// What is done in `body` makes new series of this test's registry, too.
    private mutating func change(_ body: (inout ClusterMetrics) -> Void) {
        withMetricsFactory(PrometheusMetricsFactory(registry: registry)) { body(&metrics) }
    }

    private func value(_ series: String) -> String? {
        for line in registry.text().split(separator: "\n") where line.hasPrefix(series + " ") {
            return String(line.dropFirst(series.count + 1))
        }
        return nil
    }

    private static func observation(
        _ worker: String, processorMicros: UInt64? = nil
    ) throws -> StageObservation {
        var seen = StageObservation(
            worker: worker, address: "", layers: try #require(LayerRange(first: 0, end: 3)))
        seen.processorMicros = processorMicros
        return seen
    }

    private static func snapshot(
        _ ledger: GenerationLedger = GenerationLedger(), isServing: Bool = true,
        seen observations: [StageObservation] = []
    ) -> ClusterSnapshot {
        var state = ServingState(workers: [.init(name: "a", address: ""), .init(name: "b", address: "")])
        state.serve(at: 100)
        if !isServing { state.lose("gone", worker: nil, sequenceCount: 0, at: 101) }
        return ClusterSnapshot(
            cluster: "demo",
            model: ModelStatus(
                name: "m", parameterCount: 7, layerCount: 3, hiddenSize: 256, vocabularySize: 2048,
                contextLength: 512, cacheType: "f16"),
            gateway: nil, time: 1000, uptime: .seconds(1), state: state,
            health: state.health(sinceLastToken: .seconds(2)), plan: nil, observations: observations,
            window: ActivityWindow(secondsMax: 10),
            activity: GenerationActivity(ledger: ledger, waitingCount: 3, runningCount: 2))
    }

    @Test mutating func `sums are published once, however often they are looked at`() {
        var ledger = GenerationLedger()
        ledger.start(promptTokenCount: 7)
        for _ in 0..<3 { ledger.token(after: .milliseconds(1), isFirst: false) }
        ledger.finish(.stop)
        for _ in 0..<2 { metrics.publish(Self.snapshot(ledger), .serving) }
        #expect(value("bitnet_generated_tokens_total") == "3")
        #expect(value("bitnet_prompt_tokens_total") == "7")
        #expect(value(#"bitnet_sequences_finished_total{reason="stop"}"#) == "1")
        ledger.token(after: .milliseconds(1), isFirst: false)
        metrics.publish(Self.snapshot(ledger), .serving)
        #expect(value("bitnet_generated_tokens_total") == "4")
        #expect(value("bitnet_sequences_waiting") == "3")
        #expect(value("bitnet_sequences_running") == "2")
        #expect(value("bitnet_seconds_since_last_token") == "2")
    }

    @Test mutating func `the cluster is in one state`() {
        for state in ClusterStatus.State.allCases {
            metrics.publish(Self.snapshot(), state)
            for other in ClusterStatus.State.allCases {
                let published = value(#"bitnet_cluster_state{state="\#(other.rawValue)"}"#)
                #expect(published == (other == state ? "1" : "0"), "\(other) in \(state)")
            }
        }
    }

    @Test mutating func `a worker's sum that falls has begun anew, and goes on from there`() throws {
        change { $0.beginPipeline([]) }
        for (micros, seconds) in [(2_000_000, "2"), (2_000_000, "2"), (500_000, "2.5"), (1_000_000, "3")] {
            let seen = [try Self.observation("a", processorMicros: UInt64(micros))]
            change { $0.beginPipeline(seen) }
            metrics.publish(Self.snapshot(seen: seen), .serving)
            #expect(value(#"bitnet_worker_cpu_seconds_total{worker="a"}"#) == seconds)
        }
    }

    @Test mutating func `a worker is up while it is seen, and its pipeline serves`() throws {
        var seen = [try Self.observation("a"), try Self.observation("b")]
        let both = seen
        change { $0.beginPipeline(both) }
        metrics.publish(Self.snapshot(seen: seen), .serving)
        #expect(
            value(#"bitnet_worker_up{worker="a"}"#) == "1" && value(#"bitnet_worker_up{worker="b"}"#) == "1")
        seen[1].isLost = true
        metrics.publish(Self.snapshot(seen: seen), .degraded)
        #expect(
            value(#"bitnet_worker_up{worker="a"}"#) == "1" && value(#"bitnet_worker_up{worker="b"}"#) == "0")
        metrics.publish(Self.snapshot(isServing: false, seen: both), .down)
        #expect(
            value(#"bitnet_worker_up{worker="a"}"#) == "0" && value(#"bitnet_worker_up{worker="b"}"#) == "0")
        // The next pipeline does without b, of which it is known all the same that it is down.
        let one = [both[0]]
        change { $0.beginPipeline(one) }
        metrics.publish(Self.snapshot(seen: one), .serving)
        #expect(
            value(#"bitnet_worker_up{worker="a"}"#) == "1" && value(#"bitnet_worker_up{worker="b"}"#) == "0")
    }

    @Test mutating func `what is shipped is added up by worker`() {
        change { metrics in
            metrics.shipped(5, to: "a")
            metrics.shipped(7, to: "a")
            metrics.shipped(1, to: "b")
        }
        #expect(value(#"bitnet_shipped_bytes_total{worker="a"}"#) == "12")
        #expect(value(#"bitnet_shipped_bytes_total{worker="b"}"#) == "1")
    }
}
