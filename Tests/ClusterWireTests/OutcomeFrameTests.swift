// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterWire
import NIOCore
import TestSupport
import Testing

@Suite struct OutcomeFrameTests {
    private let outcome = StepOutcome(
        id: 7,
        results: [
            StepResult(
                slot: 1, position: 2, token: 3, logProbability: -0.5,
                alternatives: [
                    TokenScore(token: 3, logProbability: -0.5), TokenScore(token: 9, logProbability: -2),
                ]),
            StepResult(slot: 4, position: 5, token: 6, logProbability: -.infinity),
            StepResult(
                slot: 7, position: 8, token: 9, logProbability: nil,
                alternatives: [TokenScore(token: 1, logProbability: -.infinity)]),
        ], traces: [StageTrace(computeMicros: 1, idleMicros: 2, queuedMicros: 3, receivedBytes: .max)])

    private func code(_ payload: [UInt8]) -> WireError.Code? {
        do throws(WireError) {
            _ = try OutcomeFrame.decode(Frame(type: .outcome, payload: payload))
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `an outcome round trips`() throws {
        #expect(try OutcomeFrame.decode(OutcomeFrame.encode(outcome)) == outcome)
        let empty = StepOutcome(id: .max, results: [], traces: [])
        #expect(try OutcomeFrame.decode(OutcomeFrame.encode(empty)) == empty)
    }

    @Test func `the largest outcome fits its frame and one more of either is refused`() throws {
        var result = outcome.results[0]
        result.alternatives = Array(
            repeating: result.alternatives[0], count: Limits.alternativesMax)
        let largest = StepOutcome(
            id: 1, results: Array(repeating: result, count: Limits.stepTokensMax),
            traces: Array(repeating: outcome.traces[0], count: Limits.workersMax))
        let frame = try OutcomeFrame.encode(largest)
        #expect(try OutcomeFrame.decode(frame) == largest)
        #expect(frame.payload.readableBytes == 389_132)
        #expect(frame.payload.readableBytes <= FrameType.outcome.payloadBytesMax)
        for (offset, byteCount) in [(0, 20), (4, 20), (8, 8)] {
            var beyond = Array(buffer: frame.payload) + [UInt8](repeating: 0, count: byteCount)
            beyond[offset] += 1
            #expect(code(beyond) == .limit)
        }
    }

    @Test func `an outcome beyond the limits is not sent`() {
        func error(_ change: (inout StepOutcome) -> Void) -> WireError? {
            var outcome = outcome
            change(&outcome)
            return #expect(throws: WireError.self) { _ = try OutcomeFrame.encode(outcome) }
        }
        let trace = outcome.traces[0]
        #expect(error { $0.traces = Array(repeating: trace, count: Limits.workersMax + 1) }?.code == .limit)
        let result = outcome.results[1]
        #expect(
            error { $0.results = Array(repeating: result, count: Limits.stepTokensMax + 1) }?.code == .limit)
        let score = TokenScore(token: 0, logProbability: 0)
        #expect(
            error { $0.results[0].alternatives = Array(repeating: score, count: Limits.alternativesMax + 1) }?
                .code
                == .limit)
    }

    @Test func `a result has at most the alternatives that can be asked for, and as many as it says`() throws
    {
        var payload = Array(buffer: try OutcomeFrame.encode(outcome).payload)
        let counts = [28, 48, 68]
        #expect(counts.map { payload[$0] } == [2, 0, 1])
        payload[28] = 1
        #expect(code(payload) == .malformed)
        payload[48] = 1
        #expect(code(payload) == nil, "the sum is right again")
        payload[48] = UInt8(Limits.alternativesMax) + 1
        #expect(code(payload) == .limit)
        payload[48] = 0
        payload[28] = 2
        #expect(code(payload) == nil)
        // One more than three results can have.
        payload[8] = UInt8(3 * Limits.alternativesMax + 1)
        #expect(code(payload) == .limit)
        payload[8] -= 1
        #expect(code(payload) == .malformed)
    }

    @Test func `an alternative is a token with a number`() throws {
        let payload = Array(buffer: try OutcomeFrame.encode(outcome).payload)
        func code(_ token: UInt32, _ bits: UInt32) -> WireError.Code? {
            var changed = payload
            let bytes = [token, bits].flatMap { withUnsafeBytes(of: $0.littleEndian) { Array($0) } }
            changed.replaceSubrange(72..<80, with: bytes)
            return self.code(changed)
        }
        #expect(code(UInt32(Limits.vocabularyMax) - 1, 0) == nil)
        #expect(code(UInt32(Limits.vocabularyMax), 0) == .limit)
        for bits in [0x7FC0_0000, 0xFFC0_0000, 0x7F80_0001, .max] as [UInt32] {
            #expect(code(3, bits) == .limit)
        }
    }

    @Test func `a log-probability is a number or the one sign for none`() throws {
        var without = outcome
        without.results[0].logProbability = nil
        var payload = Array(buffer: try OutcomeFrame.encode(without).payload)
        #expect(Array(payload[24..<28]) == [0, 0, 0xC0, 0x7F])
        #expect(try OutcomeFrame.decode(OutcomeFrame.encode(without)) == without)
        let others: [UInt32] = [
            0x7FC0_0001, 0x7FBF_FFFF, 0xFFC0_0000, 0x7F80_0001, 0xFF80_0001, 0x7FFF_FFFF, .max,
        ]
        for bits in others {
            payload.replaceSubrange(24..<28, with: withUnsafeBytes(of: bits.littleEndian) { Array($0) })
            #expect(code(payload) == .limit)
        }
    }

    @Test func `a payload of any other size is refused`() throws {
        let payload = Array(buffer: try OutcomeFrame.encode(outcome).payload)
        for count in 0..<payload.count { #expect(code(Array(payload.prefix(count))) == .malformed) }
        #expect(code(payload + [0]) == .malformed)
        #expect(throws: WireError.self) { try OutcomeFrame.decode(Frame(type: .step, payload: payload)) }
    }

    @Test func `a mutated outcome is refused or encodes to the same bytes`() throws {
        let payload = Array(buffer: try OutcomeFrame.encode(outcome).payload)
        var generator = Mutator(seed: 4)
        var acceptedCount = 0
        for _ in 0..<10_000 {
            let frame = try Frame(type: .outcome, stream: 5, payload: generator.mutate(payload))
            guard let decoded = try? OutcomeFrame.decode(frame) else { continue }
            acceptedCount += 1
            if try OutcomeFrame.encode(decoded) != frame { Issue.record("\(frame.payload)") }
        }
        #expect((1..<10_000).contains(acceptedCount))
    }
}
