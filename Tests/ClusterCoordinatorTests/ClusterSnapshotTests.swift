// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import ClusterCoordinator
import Testing
import TextGeneration

@Suite struct ClusterSnapshotTests {
    private let layers = [(0, 3), (3, 9)].compactMap { LayerRange(first: $0.0, end: $0.1) }

    private func snapshot(_ change: (inout ClusterSnapshot) -> Void = { _ in }) -> ClusterSnapshot {
        var state = ServingState(workers: [
            .init(name: "a", address: "10.0.0.1:7101"), .init(name: "b", address: "10.0.0.2:7101"),
        ])
        state.serve(at: 100)
        var plan = PlanDocument(
            stages: layers.enumerated().map { index, layers in
                PlanDocument.Stage(
                    index: index, worker: index == 0 ? "a" : "b", address: "10.0.0.\(index + 1):7101",
                    layers: [layers.first, layers.end - 1], shippedBytes: 10, memoryBytes: 100,
                    memoryLimitBytes: 1000, stepMilliseconds: Double(index + 1))
            },
            settings: StageSettings(
                cache: CacheShape(slots: 4, context: 512), prefillChunk: 64, hiddenSize: 64, headType: .fast))
        plan.expectations = [
            .init(sequences: 1, tokensPerSecond: 20), .init(sequences: 4, tokensPerSecond: 70),
        ]
        var snapshot = ClusterSnapshot(
            cluster: "demo",
            model: ModelStatus(
                name: "m", parameterCount: 7, layerCount: 9, hiddenSize: 256, vocabularySize: 2048,
                contextLength: 512, cacheType: "f16"),
            gateway: "http://127.0.0.1:8080/v1", time: 1000, uptime: .seconds(900), state: state,
            health: state.health(sinceLastToken: .seconds(1)), plan: plan,
            observations: layers.enumerated().map { index, layers in
                var seen = StageObservation(
                    worker: index == 0 ? "a" : "b", address: "", layers: layers)
                seen.build = "bitnet-coord 1"
                return seen
            }, window: ActivityWindow(secondsMax: 10), activity: GenerationActivity())
        change(&snapshot)
        return snapshot
    }

    @Test func `a cluster that serves says so, with a row for each stage`() {
        let status = snapshot().status
        #expect(status.state == .serving)
        #expect(status.reasons.isEmpty)
        #expect(status.workersJoined == 2)
        #expect(status.stages.map(\.layers) == [[0, 2], [3, 8]])
        // Nothing runs, so that the plan says which is the slowest.
        #expect(status.stages.map(\.isSlowest) == [false, true])
        #expect(status.throughput.aloneTokensPerSecond == 20)
        #expect(!status.throughput.isAloneMeasured)
        #expect(status.throughput.plannedTokensPerSecond == 70)
    }

    @Test func `the busiest stage is the slowest one`() throws {
        let status = snapshot { snapshot in
            for second in 0...2 {
                var busy = StageCounters()
                for _ in 0..<second {
                    busy.add(
                        StageTrace(
                            computeMicros: 900_000, idleMicros: 0, queuedMicros: 0, receivedBytes: 0))
                }
                snapshot.window.append(
                    .init(seconds: Double(second), stages: [busy, StageCounters()], runningCount: 4))
            }
        }.status
        #expect(status.stages.map(\.isSlowest) == [true, false])
        #expect(status.hints.contains { $0.contains("stage 0 (a) is busy 90 % of the time, another 0 %") })
    }

    @Test func `a stolen processor and a full disk degrade`() {
        let status = snapshot { snapshot in
            snapshot.observations[0].stealFraction = 0.5
            snapshot.observations[1].diskFreeByteCount = Limits.diskFreeBytesLow - 1
        }.status
        #expect(status.state == .degraded)
        #expect(status.reasons.count == 2)
    }

    @Test func `a lost cluster shows who is missing`() {
        let status = snapshot { snapshot in
            snapshot.state.lose("worker b was lost", worker: "b", sequenceCount: 1, at: 999)
            snapshot.health = snapshot.state.health(sinceLastToken: nil)
        }.status
        #expect(status.state == .recovering)
        #expect(status.stages.map(\.state) == [.waiting, .lost])
        #expect(status.stages.map(\.layers) == [[0, 2], [3, 8]])
        #expect(status.failures.first?.lostSequenceCount == 1)
        #expect(status.workersJoined == 0)
        #expect(status.reasons == ["other stages are being brought up: worker b was lost"])
        #expect(status.hints.first?.contains("go on where they stood") == true)
    }

    @Test func `different releases are named`() {
        let status = snapshot { $0.observations[0].build = "bitnet-coord 2" }.status
        #expect(status.hints.contains { $0.contains("different releases: bitnet-coord 1, bitnet-coord 2") })
    }

    @Test func `before there is a plan each worker has a row`() {
        let status = snapshot { snapshot in
            snapshot.state = ServingState(workers: snapshot.state.workers)
            snapshot.health = snapshot.state.health(sinceLastToken: nil)
            snapshot.plan = nil
        }.status
        #expect(status.state == .starting)
        #expect(status.stages.map(\.layers) == [[], []])
        #expect(status.hints.contains { $0.contains("waiting for a (10.0.0.1:7101), b (10.0.0.2:7101)") })
    }
}
