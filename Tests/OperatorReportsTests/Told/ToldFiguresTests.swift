// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import ClusterCoordinator
import ClusterPlanning
import ClusterWire
import OperatorLogic
import OperatorReports
import TestSupport
import Testing
import TextGeneration

/// What a member tells of itself goes into metrics, plans, documents, reports and screens, whatever it is.
///
/// Each number of each such message is put to extremes, alone and with others; what is taken for a message must pass
/// through all that uses it.
@Suite struct ToldFiguresTests {
    /// Decodes every variant and hands on what could be decoded; some must be.
    private func walk<Message: ControlMessage>(_ message: Message, _ use: (Message) throws -> Void) throws {
        let numbers = ProtobufNumbers(message.encode())
        var generator = SeededGenerator(seed: 12)
        let scrambled = (0..<50).map { _ in numbers.scrambled(&generator) }
        var takenCount = 0
        for payload in numbers.extremes + scrambled {
            guard let told = try? Message.decode(payload) else { continue }
            takenCount += 1
            try use(told)
            // What was taken can be told on.
            #expect(try Message.decode(told.encode()).encode() == told.encode())
        }
        #expect(takenCount > numbers.extremes.count / 4)
    }

    private var machine: MachineFigures {
        var machine = MachineFigures()
        (machine.processCPUMicros, machine.processUptimeMicros) = (1, 2)
        (machine.processResidentByteCount, machine.memoryTotalByteCount) = (3, 4)
        (machine.memoryAvailableByteCount, machine.storeTotalByteCount) = (5, 6)
        (machine.storeFreeByteCount, machine.processorsTotalMicros) = (7, 8)
        (machine.processorsStealMicros, machine.loadAverageMilli) = (9, 10)
        return machine
    }

    private func snapshot(_ seen: StageObservation) -> ClusterSnapshot {
        var state = ServingState(workers: [.init(name: "a", address: "10.0.0.1:7101")])
        state.serve(at: 100)
        let plan = PlanDocument(
            stages: [
                PlanDocument.Stage(
                    index: 0, worker: "a", address: "10.0.0.1:7101", layers: [0, 3], shippedBytes: 10,
                    memoryBytes: 100, memoryLimitBytes: 1000)
            ],
            settings: StageSettings(
                cache: CacheShape(slots: 4, context: 512), prefillChunk: 64, hiddenSize: 256, headType: .fast)
        )
        return ClusterSnapshot(
            cluster: "demo",
            model: ModelStatus(
                name: "m", parameterCount: 7, layerCount: 4, hiddenSize: 256, vocabularySize: 2048,
                contextLength: 512, cacheType: "f16"),
            gateway: nil, time: 1000, uptime: .seconds(900), state: state,
            health: state.health(sinceLastToken: .seconds(1)), plan: plan, observations: [seen],
            window: ActivityWindow(secondsMax: 10), activity: GenerationActivity())
    }

    /// Shows what is observed in every way there is.
    private func show(_ seen: StageObservation, _ metrics: inout ClusterMetrics) throws {
        let snapshot = snapshot(seen)
        metrics.publish(snapshot, .serving)
        #expect(try JSONDocument.text(snapshot.status).contains("memory_bytes"))
        let screen = StatusScreen(snapshot.status, width: 100, clock: ClockText(zoneOffsetSeconds: 0))
        #expect(!screen.lines.text(isColoured: false).isEmpty)
    }

    private func observation() throws -> StageObservation {
        let layers = try #require(LayerRange(first: 0, end: 4))
        return StageObservation(worker: "a", address: "10.0.0.1:7101", layers: layers)
    }

    @Test func `heartbeats become metrics, statuses and screens`() throws {
        let reply = HeartbeatReply(
            sequence: 1, state: .serving, residentByteCount: 2, stepsCompleted: 3, machine: machine)
        var metrics = ClusterMetrics()
        var seen = try observation()
        metrics.beginPipeline([seen])
        try walk(reply) { told in
            seen.take(told)
            seen.stealFraction = told.machine?.stealFraction(since: machine)
            _ = told.machine?.coresActive(since: machine)
            try show(seen, &metrics)
        }
    }

    @Test func `what a worker can do is planned with and shown`() throws {
        let capabilities = Capabilities(
            isa: "avx2", coreCount: 1, threadCount: 2, memoryByteCount: 3, storeByteCount: 4)
        let proof = [UInt8](repeating: 7, count: Limits.proofByteCount)
        let welcome = Welcome(
            version: 3, features: 1, build: "1", cluster: "demo", node: "a", nodeID: 1, proof: proof,
            capabilities: capabilities)
        var metrics = ClusterMetrics()
        var seen = try observation()
        metrics.beginPipeline([seen])
        let cost = ModelCost(
            layerByteCounts: [5, 5, 5, 5], embeddingByteCount: 1, outputNormByteCount: 1, headByteCount: 1,
            headSharesEmbedding: false, memory: MemoryCost(perLayer: 10))
        try walk(welcome) { told in
            guard let capabilities = told.capabilities else { return }
            seen.take(capabilities)
            try show(seen, &metrics)
            #expect(StageMachine(isa: "avx2", threadCount: Int(capabilities.threadCount)).threadCount >= 1)
            let offers = (0..<3).map {
                WorkerOffer(name: "w\($0)", address: "", memoryByteCount: capabilities.memoryByteCount)
            }
            _ = try? StagePlanner.plan(cost: cost, workers: offers)
        }
    }

    @Test func `measurements are planned with or refused`() throws {
        var measured = Measured()
        measured.layer = [CurvePoint(count: 1, seconds: 0.001), CurvePoint(count: 8, seconds: 0.002)]
        measured.prefill = [CurvePoint(count: 64, seconds: 0.01)]
        measured.head = [CurvePoint(count: 1, seconds: 0.003)]
        (measured.stepSeconds, measured.readBytesPerSecond) = (1e-4, 1e10)
        (measured.attentionSecondsPerToken, measured.layerByteCount) = (1e-7, 10)
        let cost = ModelCost(
            layerByteCounts: [5, 5, 5, 5], embeddingByteCount: 1, outputNormByteCount: 1, headByteCount: 1,
            headSharesEmbedding: false, memory: MemoryCost(perLayer: 10))
        var plannedCount = 0
        try walk(measured) { told in
            guard let worker = try? ClusterMeasurements.Worker(told) else { return }
            #expect(!MeasurementText.line(worker).isEmpty)
            let offers = (0..<2).map {
                WorkerOffer(
                    name: "w\($0)", address: "", memoryByteCount: 1000, profile: worker.profile)
            }
            let goal = PlanGoal(concurrency: 4, hiddenSize: 256)
            if (try? StagePlanner.plan(cost: cost, workers: offers, goal: goal)) != nil { plannedCount += 1 }
        }
        #expect(plannedCount > 10)
    }

    @Test func `ways are planned with or refused`() throws {
        let probed = LinksProbed(links: [LinkFigures(name: "b", latencySeconds: 1, bytesPerSecond: 2)])
        try walk(probed) { told in
            for link in told.links {
                let link = try? LinkProfile(
                    latencySeconds: link.latencySeconds, bytesPerSecond: link.bytesPerSecond)
                #expect(link.map { !MeasurementText.line($0).isEmpty } ?? true)
            }
        }
    }

    @Test func `what a doctor is told becomes a report`() throws {
        var examination = Examination()
        (examination.versionMin, examination.versionMax) = (1, 2)
        examination.machine = machine
        (examination.clockMicros, examination.stealPerMillion) = (1, 2)
        (examination.physicalCoreCount, examination.logicalProcessorCount) = (3, 4)
        (examination.affineProcessorCount, examination.usableProcessorCount) = (5, 6)
        (examination.threadCount, examination.stageMemoryByteCount) = (7, 8)
        (examination.memoryLimitByteCount, examination.swapTotalByteCount) = (9, 10)
        (examination.swapUsedByteCount, examination.storeWriteMicros) = (11, 12)
        (examination.processorKilohertz, examination.processorKilohertzMax) = (13, 14)
        examination.openFilesMax = 15
        try walk(examination) { told in
            var report = WorkerReport(name: "a", address: "10.0.0.1:7100", outcome: .examined(told))
            report.clockSkewSeconds = told.clockMicros.map { Double($0) / 1e6 }
            report.way = WayReport(
                to: "a", measured: .init(latencySeconds: .greatestFiniteMagnitude, bytesPerSecond: .infinity))
            let diagnosis = Diagnosis(workers: [report], own: told.machine, build: "1")
            #expect(diagnosis.text(cluster: "demo", width: 100).contains("1 of 1 workers answer"))
            #expect(diagnosis.json(cluster: "demo").encoded.hasPrefix("{"))
        }
    }
}
