// SPDX-License-Identifier: MIT
import AdminAPI
import TestSupport

/// Statuses that no coordinator would send: from a seed, so that a failure can be had again.
struct HostileDocuments {
    private var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func status() -> ClusterStatus {
        var status = ClusterStatus(
            cluster: text(), state: pick(ClusterStatus.State.allCases), build: text(), time: figure(),
            uptimeSeconds: figure(),
            model: ModelStatus(
                name: text(), parameterCount: count(), layerCount: integer(), hiddenSize: integer(),
                vocabularySize: integer(), contextLength: integer(), cacheType: text(),
                segmentLayers: maybe { $0.integer() }),
            workersExpected: integer(), workersJoined: integer())
        status.gateway = maybe { $0.text() }
        status.reasons = many(3) { $0.text() }
        status.hints = many(20) { $0.text() }
        status.stages = many(64) { $0.stage() }
        status.spares = maybe { documents in
            documents.many(20) { documents in
                SpareStatus(
                    worker: documents.text(), layers: documents.maybe { $0.many(3) { $0.integer() } },
                    memoryBytes: documents.maybe { $0.count() }, reason: documents.maybe { $0.text() })
            }
        }
        status.throughput = throughput()
        status.queue.waiting = integer()
        status.queue.running = integer()
        status.queue.slots = integer()
        status.queue.waitingMax = integer()
        status.queue.refusedCount = count()
        status.queue.finishedCount = count()
        status.queue.failedCount = count()
        status.failures = many(20) { documents in
            FailureRecord(
                time: documents.figure(), worker: documents.maybe { $0.text() }, message: documents.text(),
                lostSequenceCount: documents.integer(), outageSeconds: documents.maybe { $0.figure() })
        }
        return status
    }

    private mutating func throughput() -> ThroughputStatus {
        var throughput = ThroughputStatus()
        throughput.decodeTokensPerSecond = figure()
        throughput.prefillTokensPerSecond = figure()
        throughput.activeSequences = figure()
        throughput.aloneTokensPerSecond = maybe { $0.figure() }
        throughput.isAloneMeasured = pick([true, false])
        throughput.plannedTokensPerSecond = maybe { $0.figure() }
        throughput.timeToFirstTokenP50Milliseconds = maybe { $0.figure() }
        throughput.timeToFirstTokenP95Milliseconds = maybe { $0.figure() }
        throughput.betweenTokensP50Milliseconds = maybe { $0.figure() }
        throughput.betweenTokensP95Milliseconds = maybe { $0.figure() }
        return throughput
    }

    private mutating func stage() -> StageStatus {
        var stage = StageStatus(
            index: integer(), worker: text(), address: text(), state: pick(StageStatus.State.allCases),
            layers: many(3) { $0.integer() })
        stage.memoryBytes = maybe { $0.count() }
        stage.memoryLimitBytes = maybe { $0.count() }
        stage.coresActive = maybe { $0.figure() }
        stage.cores = maybe { $0.integer() }
        stage.threads = maybe { $0.integer() }
        stage.isa = maybe { $0.text() }
        stage.computeMilliseconds = maybe { $0.figure() }
        stage.idleFraction = maybe { $0.figure() }
        stage.stepsPerSecond = maybe { $0.figure() }
        stage.receivedBytesPerSecond = maybe { $0.figure() }
        stage.linkMilliseconds = maybe { $0.figure() }
        stage.linkBytesPerSecond = maybe { $0.figure() }
        stage.heartbeatMilliseconds = maybe { $0.figure() }
        stage.stealFraction = maybe { $0.figure() }
        stage.diskFreeBytes = maybe { $0.count() }
        stage.build = maybe { $0.text() }
        stage.isSlowest = pick([true, false])
        stage.progress = maybe { $0.figure() }
        return stage
    }

    private mutating func figure() -> Double {
        pick([
            .nan, .infinity, -.infinity, 0, -0.0, -1, 0.5, 1, .leastNonzeroMagnitude, 99.96, 999.6, 1e5, 1e11,
            1e15, 1e19, .greatestFiniteMagnitude, Double(random.next() % 10_000) / 7,
        ])
    }

    private mutating func integer() -> Int {
        pick([.min, -1, 0, 1, 2, 9, 80, 1024, 99_999, 100_000, .max, Int(random.next() % 100)])
    }

    private mutating func count() -> UInt64 {
        pick([0, 1, 1 << 30, .max, UInt64(Int64.max) + 1, random.next()])
    }

    private mutating func text() -> String {
        pick([
            "", "a", "srv-b", "\u{1B}[2J\u{1B}]0;gone\u{07}", "two\nlines\r\n\u{2028}",
            "\u{202E}right to left",
            "日本語の名前が長いとき", "e\u{301}\u{301}\u{301}", "👩‍👩‍👧‍👧🇩🇪", "\u{0}", String(repeating: "long ", count: 900),
            String(repeating: "w", count: 300), String(repeating: "界", count: 300), "\t\t\t",
        ])
    }

    private mutating func maybe<T>(_ make: (inout Self) -> T) -> T? {
        random.next() % 3 == 0 ? nil : make(&self)
    }

    private mutating func many<T>(_ limit: UInt64, _ make: (inout Self) -> T) -> [T] {
        (0..<random.next() % (limit + 1)).map { _ in make(&self) }
    }

    private mutating func pick<T>(_ values: [T]) -> T {
        values[Int(random.next() % UInt64(values.count))]
    }
}
