// SPDX-License-Identifier: MIT
import AdminAPI

/// Statuses to draw, at 11:02:13 on the first of March 2027, UTC.
enum Documents {
    static let now = 1_803_898_933.0

    static var healthy: ClusterStatus {
        var status = base(.serving)
        status.stages = stages(["srv-a", "srv-b", "srv-c", "srv-d"], layerCount: 80)
        status.throughput.decodeTokensPerSecond = 38.62
        status.throughput.activeSequences = 7.8
        status.throughput.aloneTokensPerSecond = 10.84
        status.throughput.isAloneMeasured = true
        status.throughput.plannedTokensPerSecond = 41.2
        status.throughput.prefillTokensPerSecond = 212
        status.throughput.timeToFirstTokenP50Milliseconds = 1900
        status.throughput.timeToFirstTokenP95Milliseconds = 4210
        status.throughput.betweenTokensP50Milliseconds = 92.1
        status.throughput.betweenTokensP95Milliseconds = 120
        status.queue.running = 8
        status.queue.slots = 8
        status.queue.waitingMax = 64
        status.queue.finishedCount = 1204
        status.hints = ["stage 1 bounds the throughput: 2 layers fewer for srv-b would bring 6 % more"]
        return status
    }

    static var degraded: ClusterStatus {
        var status = healthy
        status.model.segmentLayers = 4
        status.spares = [
            SpareStatus(worker: "srv-e", layers: [0, 39], memoryBytes: 13_099_650_252),
            SpareStatus(worker: "srv-f", reason: "worker srv-f (10.0.0.6:7101) cannot be reached: refused"),
        ]
        status.state = .degraded
        status.reasons = ["srv-c: other virtual machines took 12 % of its processors in the last 10 s"]
        status.stages[2].stealFraction = 0.12
        status.stages[2].idleFraction = nil
        status.queue.waiting = 64
        status.queue.refusedCount = 7
        status.queue.failedCount = 2
        status.failures = [
            FailureRecord(
                time: now - 601, worker: "srv-c", message: "no heartbeat for 3 s", lostSequenceCount: 2,
                outageSeconds: 4.1),
            FailureRecord(time: now - 86_400, message: "the model file was moved", outageSeconds: 75),
        ]
        return status
    }

    static var down: ClusterStatus {
        var status = healthy
        status.state = .down
        status.workersJoined = 3
        status.reasons = ["srv-b (10.0.0.2:7101) does not answer; start bitnet-worker there"]
        status.stages[1] = StageStatus(
            index: 1, worker: "srv-b", address: "10.0.0.2:7101", state: .lost, layers: [20, 39])
        status.throughput = ThroughputStatus()
        status.queue.running = 0
        status.hints = []
        status.failures = [
            FailureRecord(
                time: now - 3, worker: "srv-b", message: "its connection was closed", lostSequenceCount: 8)
        ]
        return status
    }

    static var starting: ClusterStatus {
        var status = base(.starting)
        status.workersJoined = 3
        status.gateway = nil
        status.uptimeSeconds = 42
        status.stages = [
            stage(0, "srv-a", .serving, [0, 19]), stage(1, "srv-b", .receiving, [20, 39]),
            stage(2, "srv-c", .loading, [40, 59]), stage(3, "srv-d", .waiting, [60, 79]),
        ]
        status.stages[1].progress = 0.427
        status.stages[2].progress = 1
        return status
    }

    /// Before anything is known.
    static var unplanned: ClusterStatus {
        var status = base(.starting)
        status.workersJoined = 0
        status.uptimeSeconds = 0.4
        status.gateway = nil
        return status
    }

    static func base(_ state: ClusterStatus.State) -> ClusterStatus {
        var status = ClusterStatus(
            cluster: "demo", state: state, build: "bitnet-coord 0.1.0", time: now, uptimeSeconds: 11_530,
            model: ModelStatus(
                name: "bitnet-70b", parameterCount: 70_100_000_000, layerCount: 80, hiddenSize: 8192,
                vocabularySize: 128_256, contextLength: 4096, cacheType: "f16"),
            workersExpected: 4, workersJoined: 4)
        status.gateway = "http://127.0.0.1:8080/v1"
        return status
    }

    static func stages(_ workers: [String], layerCount: Int) -> [StageStatus] {
        workers.enumerated().map { index, worker in
            let layers = [
                index * layerCount / workers.count, (index + 1) * layerCount / workers.count - 1,
            ]
            var stage = stage(index, worker, .serving, layers)
            stage.isSlowest = index == 1
            stage.computeMilliseconds = 21.44 + Double(index)
            stage.idleFraction = index == 1 ? 0 : 0.14
            return stage
        }
    }

    static func stage(
        _ index: Int, _ worker: String, _ state: StageStatus.State, _ layers: [Int]
    ) -> StageStatus {
        var stage = StageStatus(
            index: index, worker: worker, address: "10.0.0.\(index + 1):7101", state: state, layers: layers)
        stage.memoryBytes = 6_549_825_126
        stage.memoryLimitBytes = 15_032_385_536
        stage.coresActive = 27.4
        stage.cores = 32
        stage.threads = 32
        stage.isa = "avx512"
        stage.linkMilliseconds = 0.21
        stage.linkBytesPerSecond = 117_400_000
        stage.receivedBytesPerSecond = 331_000
        stage.heartbeatMilliseconds = 0.312
        stage.stepsPerSecond = 38.6
        stage.stealFraction = 0.003
        stage.diskFreeBytes = 230 << 30
        stage.build = "bitnet-coord 0.1.0"
        return stage
    }
}
