// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterWire
import Testing

/// One control message of every type, with the type erased so that one test serves all.
struct MessageSample: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let type: FrameType
    let payload: [UInt8]
    /// Decodes and encodes again.
    let recode: @Sendable ([UInt8], DecodingBudget) throws -> [UInt8]
    /// Whether a payload decodes to the sample's value.
    let matches: @Sendable ([UInt8]) throws -> Bool

    init<Message: ControlMessage>(_ message: Message) {
        testDescription = "\(Message.self)"
        type = Message.frameType
        payload = message.encode()
        recode = { try Message.decode($0, budget: $1).encode() }
        matches = { try Message.decode($0) == message }
    }

    static let digest = ContentDigest(0..<32)
    static let nonce = [UInt8](100..<132)

    static func hello(
        role: ConnectionRole = .link, build: String = "0.1.0", cluster: String = "demo"
    ) -> Hello {
        Hello(
            versionMin: 1, versionMax: 7, features: .max, build: build, cluster: cluster, node: "a",
            role: role, session: 0x0123_4567_89AB_CDEF, nonce: nonce, isKeyed: true, target: "b", stage: 3)
    }

    static let capabilities = Capabilities(
        isa: "avx512", coreCount: 16, threadCount: 15, memoryByteCount: 1 << 40,
        storeByteCount: Limits.toldFigureMax)

    static func welcome(capabilities: Capabilities? = capabilities) -> Welcome {
        Welcome(
            version: 3, features: 3, build: "0.1.0", cluster: "demo", node: "b", nodeID: .max,
            proof: nonce.reversed(), capabilities: capabilities)
    }

    static func assignment(
        stage: UInt32 = 1, of count: UInt32 = 3, manifest: [UInt8] = [0, 1, 2], slots: Int = 8,
        context: Int = 4096, tokens: Int = 512, next: String? = "10.0.0.3:7101"
    ) -> Assignment {
        Assignment(
            stageIndex: stage, stageCount: count, manifest: manifest,
            settings: StageSettings(
                cache: CacheShape(slots: slots, context: context, type: .f16), stepTokensMax: tokens,
                headType: .fast, segmentLayers: 2),
            next: next, nextNode: next.map { _ in "c" }, nextID: next == nil ? 0 : 7, states: digest,
            workerStageCount: 2, namesNextStage: true)
    }

    static let stagesReply: HeartbeatReply = {
        var reply = HeartbeatReply(sequence: 2, state: .serving, residentByteCount: 5, stepsCompleted: 9)
        reply.stages = [
            StageFigures(stageIndex: 0, stepsCompleted: 4, receivedByteCount: 1 << 40, sentByteCount: 3),
            StageFigures(stageIndex: 1023, stepsCompleted: 5),
        ]
        return reply
    }()

    static func measure(layers: Int = 80, hidden: Int = 8192, vocabulary: Int = 1) -> Measure {
        Measure(
            shape: ModelDescription.Shape(
                layerCount: layers, hiddenSize: hidden, feedForwardSize: 24_576, headCount: 64,
                keyValueHeadCount: 8, headSize: 128, vocabularySize: vocabulary, hasSubNorms: true,
                hasHeadNorms: true),
            activation: .squaredReLU, matrixEncoding: .t5Group128Half, activationGroup: 128,
            ternaryHead: .t5Group128, cacheType: .int8, headType: .exact, ignoresMemory: true)
    }

    static let measured: Measured = {
        var measured = Measured()
        measured.layer = (1...Limits.profilePointsMax).map {
            CurvePoint(count: UInt32($0), seconds: Double($0) / 1e3)
        }
        measured.prefill = [CurvePoint(count: 64, seconds: .infinity)]
        measured.head = [CurvePoint(count: .max, seconds: -1)]
        measured.stepSeconds = 1e-4
        measured.readBytesPerSecond = 1e10
        measured.attentionSecondsPerToken = 1e-7
        measured.layerByteCount = Limits.toldFigureMax
        measured.kernel = "avx2, 2 threads"
        measured.isRemembered = true
        return measured
    }()

    /// Some figures, one of them 0, and some missing.
    static let machine: MachineFigures = {
        var machine = MachineFigures()
        machine.processCPUMicros = Limits.toldFigureMax
        machine.storeFreeByteCount = 0
        machine.loadAverageMilli = 1250
        return machine
    }()

    static let examination: Examination = {
        var examination = Examination()
        examination.build = "0.1.0"
        (examination.versionMin, examination.versionMax) = (1, .max)
        examination.state = .serving
        examination.holder = "coordinator at 10.0.0.1:4711"
        examination.machine = machine
        examination.clockMicros = 1 << 50
        examination.processor = "A processor @ 2.70GHz"
        (examination.isa, examination.isaOffered) = ("avx2", "avx512")
        examination.swapUsedByteCount = 0
        examination.hugePages = "madvise"
        examination.storeError = "read-only file system"
        examination.openFilesMax = Limits.toldFigureMax
        return examination
    }()

    static let sampling: SamplingParameters = {
        var sampling = SamplingParameters()
        sampling.temperature = 0.7
        sampling.topK = 40
        sampling.topP = 0.95
        sampling.minP = 0.05
        sampling.repetitionPenalty = 1.1
        sampling.repetitionWindow = 128
        sampling.seed = .max
        sampling.wantsLogProbabilities = false
        return sampling
    }()

    /// With what the last stage returns or changes beyond the usual.
    static let fullSampling: SamplingParameters = {
        var full = sampling
        full.presencePenalty = -1.5
        full.frequencyPenalty = 0.25
        full.biases = [TokenBias(token: 0, bias: 100), TokenBias(token: 1 << 20, bias: -0.5)]
        full.alternativeCount = 20
        return full
    }()

    static func all() throws -> [MessageSample] {
        let digest = try #require(digest)
        let state = PartState(digest: digest, presentByteCount: 1 << 20, isComplete: false)
        let whole = PartState(digest: digest, presentByteCount: Limits.partBytesMax, isComplete: true)
        return [
            MessageSample(hello()), MessageSample(HelloReply(nonce: nonce)),
            MessageSample(Proof(proof: nonce)),
            MessageSample(welcome()), MessageSample(Refusal(code: .busy, message: "held by c\n\tsince noon")),
            MessageSample(assignment()), MessageSample(StoreStatus(parts: [state, whole])),
            MessageSample(PartOffer(digest: digest, byteCount: 12_345)),
            MessageSample(PartStatus(digest: digest, presentByteCount: 345, isComplete: true)),
            MessageSample(PartProgress(writtenByteCount: 1 << 36)),
            MessageSample(PartResult(digest: digest, isAccepted: false, message: "disk full: größer")),
            MessageSample(Ready(loadMicros: 1, residentByteCount: 2, kernel: "avx2", threadCount: 4)),
            MessageSample(Link()), MessageSample(Linked()), MessageSample(Heartbeat(sequence: .max)),
            MessageSample(
                HeartbeatReply(sequence: 9, state: .serving, residentByteCount: 1 << 33, stepsCompleted: 77)),
            MessageSample(
                HeartbeatReply(
                    sequence: 9, state: .idle, residentByteCount: 0, stepsCompleted: 0, machine: machine)),
            MessageSample(
                HeartbeatReply(
                    sequence: 9, state: .idle, residentByteCount: 0, stepsCompleted: 0, machine: .init())),
            MessageSample(stagesReply),
            MessageSample(Fault(code: .integrity, stageIndex: 2, message: "part 0a: other digest")),
            MessageSample(Release()), MessageSample(Released()),
            MessageSample(
                Opening(
                    slot: 4095, sampling: sampling, prefix: SharedPrefix(slot: 4094, tokenCount: 1 << 20))),
            MessageSample(Opening(slot: 0, sampling: sampling)),
            MessageSample(
                Opening(
                    slot: 1, sampling: fullSampling, promptTokenCount: 1 << 20, requestID: "chatcmpl-größer 7"
                )),
            MessageSample(Closing(slot: 17)),
            MessageSample(measure()), MessageSample(measured), MessageSample(Measured()),
            MessageSample(
                ProbeLinks(neighbours: [
                    Neighbour(name: "b", address: "10.0.0.2:7101"), Neighbour(name: "c", address: ""),
                ])),
            MessageSample(
                LinksProbed(links: [
                    LinkFigures(name: "b", latencySeconds: 1e-4, bytesPerSecond: 1.25e8),
                    LinkFigures(name: "c", latencySeconds: 0, bytesPerSecond: 0, error: "connection refused"),
                ])),
            MessageSample(Examine()), MessageSample(examination), MessageSample(Examination()),
        ]
    }
}
