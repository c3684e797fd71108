// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterWire
import Testing

@Suite struct ControlLimitTests {
    private func code(_ body: () throws -> Void) -> WireError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? WireError)?.code
        }
    }

    private func code(_ assignment: Assignment) -> WireError.Code? {
        code { _ = try Assignment.decode(assignment.encode()) }
    }

    @Test func `a model that is measured is within bounds, and curves are short`() {
        func measure(layers: Int = 1, hidden: Int = 1, vocabulary: Int = 1) -> WireError.Code? {
            code {
                _ = try Measure.decode(
                    MessageSample.measure(layers: layers, hidden: hidden, vocabulary: vocabulary).encode())
            }
        }
        #expect(measure(layers: Limits.layersMax) == nil)
        #expect(measure(layers: Limits.layersMax + 1) == .limit)
        #expect(measure(layers: 0) == .limit)
        #expect(measure(hidden: Limits.hiddenSizeMax) == nil)
        #expect(measure(hidden: Limits.hiddenSizeMax + 1) == .limit)
        #expect(measure(vocabulary: Limits.vocabularyMax) == nil)
        #expect(measure(vocabulary: Limits.vocabularyMax + 1) == .limit)
        func curve(_ count: Int) -> WireError.Code? {
            code {
                var measured = Measured()
                measured.head = Array(repeating: CurvePoint(count: 1, seconds: 1), count: count)
                _ = try Measured.decode(measured.encode())
            }
        }
        #expect(curve(Limits.profilePointsMax) == nil)
        #expect(curve(Limits.profilePointsMax + 1) == .limit)
        func probe(_ count: Int) -> WireError.Code? {
            code {
                let links = (0..<count).map {
                    LinkFigures(name: "\($0)", latencySeconds: 0, bytesPerSecond: 1)
                }
                _ = try LinksProbed.decode(LinksProbed(links: links).encode())
            }
        }
        #expect(probe(Limits.workersMax) == nil)
        #expect(probe(Limits.workersMax + 1) == .limit)
    }

    @Test func `names end at their limit`() throws {
        for (count, expected) in [
            (Limits.nameBytesMax, nil), (Limits.nameBytesMax + 1, WireError.Code.limit),
        ] {
            let name = String(repeating: "n", count: count)
            #expect(code { _ = try Hello.decode(MessageSample.hello(build: name).encode()) } == expected)
            #expect(code { _ = try Hello.decode(MessageSample.hello(cluster: name).encode()) } == expected)
            let ready = Ready(loadMicros: 0, residentByteCount: 0, kernel: name, threadCount: 1)
            #expect(code { _ = try Ready.decode(ready.encode()) } == expected)
        }
    }

    @Test func `addresses end at their limit`() {
        for (count, expected) in [
            (Limits.addressBytesMax, nil), (Limits.addressBytesMax + 1, WireError.Code.limit),
        ] {
            #expect(code(MessageSample.assignment(next: String(repeating: "h", count: count))) == expected)
        }
    }

    @Test func `messages are taken at their limit and cut when sent`() throws {
        let longest = [UInt8](repeating: 0x6D, count: Limits.messageBytesMax)
        #expect(try Refusal.decode(Protobuf.field(2, longest)).message.utf8.count == Limits.messageBytesMax)
        #expect(code { _ = try Refusal.decode(Protobuf.field(2, longest + [0x6D])) } == .limit)

        let text = String(repeating: "ä", count: Limits.messageBytesMax / 2) + "ß"
        let fault = Fault(code: .storage, stageIndex: 0, message: "x" + text)
        let received = try Fault.decode(fault.encode()).message
        #expect(received.utf8.count == Limits.messageBytesMax - 1)
        #expect(("x" + text).hasPrefix(received))
    }

    @Test func `control characters in our own messages are replaced`() throws {
        let refusal = Refusal(code: .other, message: "a\u{0}b\u{1B}[31m\u{9B}c\n\td")
        #expect(try Refusal.decode(refusal.encode()).message == "a?b?[31m?c\n\td")
    }

    @Test func `nonces, proofs and digests have one length`() throws {
        for count in [0, 31, 33] {
            var hello = MessageSample.hello()
            hello.nonce = [UInt8](repeating: 1, count: count)
            #expect(code { _ = try Hello.decode(hello.encode()) } == .limit)
            let proof = Proof(proof: hello.nonce)
            #expect(code { _ = try Proof.decode(proof.encode()) } == .limit)
            #expect(code { _ = try PartOffer.decode(Protobuf.field(1, hello.nonce)) } == .limit)
        }
    }

    @Test func `a status lists at most the parts of the largest shard`() throws {
        let digest = try #require(MessageSample.digest)
        let state = PartState(digest: digest, presentByteCount: Limits.partBytesMax, isComplete: true)
        let largest = StoreStatus(parts: Array(repeating: state, count: Limits.partsMax))
        #expect(largest.encode().count <= Limits.controlBytesMax)
        #expect(try StoreStatus.decode(largest.encode()).parts.count == Limits.partsMax)
        let beyond = StoreStatus(parts: largest.parts + [state])
        #expect(code { _ = try StoreStatus.decode(beyond.encode()) } == .limit)
    }

    @Test func `parts end at the largest part`() throws {
        let digest = try #require(MessageSample.digest)
        for (count, expected) in [
            (Limits.partBytesMax, nil), (Limits.partBytesMax + 1, WireError.Code.limit),
        ] {
            let offer = PartOffer(digest: digest, byteCount: count)
            #expect(code { _ = try PartOffer.decode(offer.encode()) } == expected)
            let status = PartStatus(digest: digest, presentByteCount: count, isComplete: false)
            #expect(code { _ = try PartStatus.decode(status.encode()) } == expected)
            let progress = PartProgress(writtenByteCount: count)
            #expect(code { _ = try PartProgress.decode(progress.encode()) } == expected)
            let state = PartState(digest: digest, presentByteCount: count, isComplete: false)
            #expect(code { _ = try StoreStatus.decode(StoreStatus(parts: [state]).encode()) } == expected)
        }
    }

    @Test func `an assignment's numbers end at their limits`() throws {
        let manifest = [UInt8](repeating: 9, count: Limits.manifestBytesMax)
        #expect(code(MessageSample.assignment(manifest: manifest)) == nil)
        #expect(code(MessageSample.assignment(manifest: manifest + [9])) == .limit)
        #expect(code(MessageSample.assignment(slots: Limits.slotsMax)) == nil)
        #expect(code(MessageSample.assignment(slots: Limits.slotsMax + 1)) == .limit)
        #expect(code(MessageSample.assignment(slots: 0)) == .limit)
        #expect(code(MessageSample.assignment(context: Limits.contextMax)) == nil)
        #expect(code(MessageSample.assignment(context: Limits.contextMax + 1)) == .limit)
        #expect(code(MessageSample.assignment(context: 0)) == .limit)
        #expect(code(MessageSample.assignment(tokens: Limits.stepTokensMax)) == nil)
        #expect(code(MessageSample.assignment(tokens: Limits.stepTokensMax + 1)) == .limit)
        #expect(code(MessageSample.assignment(tokens: 0)) == .limit)
        #expect(code(MessageSample.assignment(stage: 0, of: UInt32(Limits.workersMax))) == nil)
        #expect(code(MessageSample.assignment(stage: 0, of: UInt32(Limits.workersMax + 1))) == .limit)
        #expect(code(MessageSample.assignment(stage: 0, of: 0, next: nil)) == .limit)
        #expect(code(MessageSample.assignment(stage: 3, of: 3, next: nil)) == .limit)
        var assignment = MessageSample.assignment()
        for (count, expected) in [(Limits.workerStagesMax, nil), (Limits.workerStagesMax + 1, .limit)]
            as [(Int, WireError.Code?)]
        {
            assignment.workerStageCount = count
            #expect(code(assignment) == expected)
        }
        // Who says nothing of it gives one.
        assignment.workerStageCount = 0
        #expect(try Assignment.decode(assignment.encode()).workerStageCount == 1)
    }

    @Test func `what is said of stages ends at its limits`() {
        var hello = MessageSample.hello()
        for (stage, expected) in [(0, nil), (Limits.workersMax - 1, nil), (Limits.workersMax, .limit)]
            as [(Int, WireError.Code?)]
        {
            hello.stage = stage
            #expect(code { _ = try Hello.decode(hello.encode()) } == expected)
        }
        var reply = HeartbeatReply(sequence: 1, state: .serving, residentByteCount: 0, stepsCompleted: 0)
        for (count, expected) in [(Limits.workerStagesMax, nil), (Limits.workerStagesMax + 1, .limit)]
            as [(Int, WireError.Code?)]
        {
            reply.stages = Array(repeating: StageFigures(stageIndex: 0), count: count)
            #expect(code { _ = try HeartbeatReply.decode(reply.encode()) } == expected)
        }
        for (index, expected) in [(Limits.workersMax - 1, nil), (Limits.workersMax, .limit)]
            as [(Int, WireError.Code?)]
        {
            reply.stages = [StageFigures(stageIndex: UInt32(index))]
            #expect(code { _ = try HeartbeatReply.decode(reply.encode()) } == expected)
        }
    }

    @Test func `a worker that tells nothing of its stages has one`() {
        var reply = HeartbeatReply(sequence: 1, state: .serving, residentByteCount: 0, stepsCompleted: 7)
        reply.sentByteCount = 5
        #expect(
            reply.figures(ofStage: 3)
                == StageFigures(stageIndex: 3, stepsCompleted: 7, receivedByteCount: 0, sentByteCount: 5))
        reply.stages = [
            StageFigures(stageIndex: 1, stepsCompleted: 3), StageFigures(stageIndex: 4, stepsCompleted: 4),
        ]
        #expect(reply.figures(ofStage: 4).stepsCompleted == 4)
    }

    @Test func `the largest assignment fits a control frame`() {
        let largest = MessageSample.assignment(
            manifest: [UInt8](repeating: 9, count: Limits.manifestBytesMax),
            next: String(repeating: "h", count: Limits.addressBytesMax))
        #expect(largest.encode().count <= Limits.controlBytesMax)
    }

    @Test func `only the last stage has no next`() {
        #expect(code(MessageSample.assignment(stage: 2, of: 3, next: nil)) == nil)
        #expect(code(MessageSample.assignment(stage: 2, of: 3, next: "h:1")) == .limit)
        #expect(code(MessageSample.assignment(stage: 1, of: 3, next: nil)) == .limit)
    }

    @Test func `slots and stages end at their limits`() {
        func opening(_ slot: Int) -> WireError.Code? {
            code { _ = try Opening.decode(Opening(slot: UInt32(slot), sampling: .init()).encode()) }
        }
        func closing(_ slot: Int) -> WireError.Code? {
            code { _ = try Closing.decode(Closing(slot: UInt32(slot)).encode()) }
        }
        func fault(_ stage: Int) -> WireError.Code? {
            code { _ = try Fault.decode(Fault(code: .link, stageIndex: UInt32(stage), message: "").encode()) }
        }
        #expect(opening(Limits.slotsMax - 1) == nil)
        #expect(opening(Limits.slotsMax) == .limit)
        func taking(_ slot: Int, _ tokenCount: Int) -> WireError.Code? {
            code {
                let prefix = SharedPrefix(slot: UInt32(slot), tokenCount: UInt32(tokenCount))
                _ = try Opening.decode(Opening(slot: 0, sampling: .init(), prefix: prefix).encode())
            }
        }
        #expect(taking(Limits.slotsMax - 1, Limits.contextMax) == nil)
        #expect(taking(Limits.slotsMax, 1) == .limit)
        #expect(taking(0, Limits.contextMax + 1) == .limit)
        #expect(closing(Limits.slotsMax - 1) == nil)
        #expect(closing(Limits.slotsMax) == .limit)
        #expect(fault(Limits.workersMax - 1) == nil)
        #expect(fault(Limits.workersMax) == .limit)
    }

    @Test(arguments: [Float.nan, -1, .infinity])
    func `sampling parameters that cannot be used are refused`(temperature: Float) {
        var sampling = SamplingParameters()
        sampling.temperature = temperature
        #expect(code { _ = try Opening.decode(Opening(slot: 0, sampling: sampling).encode()) } == .limit)
    }

    @Test func `an upside-down version range is refused`() {
        var hello = MessageSample.hello()
        hello.versionMin = 8
        #expect(code { _ = try Hello.decode(hello.encode()) } == .limit)
    }

    @Test func `what an examination tells is cut when sent and taken at its limit`() throws {
        var examination = Examination()
        examination.processor = "a\u{0}b" + String(repeating: "ä", count: Limits.nameBytesMax)
        examination.storeError = String(repeating: "e", count: Limits.examinedErrorBytesMax + 1)
        let received = try Examination.decode(examination.encode())
        #expect(received.processor == "ab" + String(repeating: "ä", count: Limits.nameBytesMax / 2 - 1))
        #expect(received.storeError.utf8.count == Limits.examinedErrorBytesMax)
        for (extra, expected) in [(0, nil), (1, WireError.Code.limit)] {
            let name = [UInt8](repeating: 0x6E, count: Limits.nameBytesMax + extra)
            let error = [UInt8](repeating: 0x65, count: Limits.examinedErrorBytesMax + extra)
            for (field, bytes) in [(1, name), (9, name), (26, name), (5, error), (23, error)]
                as [(UInt64, [UInt8])]
            {
                #expect(code { _ = try Examination.decode(Protobuf.field(field, bytes)) } == expected)
            }
            let link = Protobuf.field(1, [0x61]) + Protobuf.field(4, error)
            #expect(code { _ = try LinksProbed.decode(Protobuf.field(1, link)) } == expected)
        }
    }
}
