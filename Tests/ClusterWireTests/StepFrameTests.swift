// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterWire
import NIOCore
import TestSupport
import Testing

@Suite struct StepFrameTests {
    private let step = Step(
        id: 99,
        entries: [
            StepEntry(slot: 1, position: 2, token: 3, output: .none),
            StepEntry(slot: 4, position: 5, token: 6, output: .sample),
            StepEntry(slot: 7, position: 8, token: 9, output: .score(target: 10)),
        ],
        traces: [
            StageTrace(
                computeMicros: 11, idleMicros: 12, queuedMicros: 13, sendingMicros: 15, receivedBytes: 14)
        ])

    private func replacing(_ range: Range<Int>, with value: UInt32, in payload: [UInt8]) throws -> Frame {
        var payload = payload
        payload.replaceSubrange(range, with: withUnsafeBytes(of: value.littleEndian) { Array($0) })
        return try Frame(type: .step, stream: 99, payload: payload)
    }

    private func code(_ frame: Frame) -> WireError.Code? {
        do throws(WireError) {
            _ = try StepFrame.decode(frame)
            return nil
        } catch {
            return error.code
        }
    }

    /// As the stage sends it whose trace is the last of `step`.
    private func frame(_ step: Step, hidden: Int, hop: [UInt8]? = nil) throws -> Frame {
        var received = step
        let trace = received.traces.removeLast()
        return try StepFrame.encode(received, hidden: hidden) { region in
            let byteCount = step.entries.count * HopLayout.byteCountPerToken(hidden: hidden)
            #expect(region.count == byteCount)
            region.copyBytes(from: hop ?? [UInt8](repeating: 0, count: byteCount))
            return trace
        }
    }

    private func steps(entries: Int, traces: Int = 0) -> Step {
        let entry = StepEntry(slot: 0, position: 0, token: 0, output: .none)
        let trace = StageTrace(computeMicros: 0, idleMicros: 0, queuedMicros: 0, receivedBytes: 0)
        return Step(
            id: 1, entries: Array(repeating: entry, count: entries),
            traces: Array(repeating: trace, count: traces))
    }

    @Test func `a step without a hop round trips`() throws {
        let frame = try StepFrame.encode(step)
        let decoded = try StepFrame.decode(frame)
        #expect(decoded.step == step)
        #expect(decoded.hidden == 0)
        #expect(decoded.hop.readableBytes == 0)
        #expect(frame.header.stream == 99)
    }

    @Test(arguments: [1, 31, 32, 33, 288])
    func `a hop is written in place and found again`(hidden: Int) throws {
        let hop = (0..<step.entries.count * HopLayout.byteCountPerToken(hidden: hidden)).map {
            UInt8($0 & 0xFF)
        }
        let decoded = try StepFrame.decode(frame(step, hidden: hidden, hop: hop))
        #expect(decoded.step == step)
        #expect(decoded.hidden == hidden)
        #expect(Array(buffer: decoded.hop) == hop)
    }

    @Test func `payload and hop lie in the memory of their frame`() throws {
        let frame = try frame(step, hidden: 33)
        func start(_ bytes: ByteBuffer) -> UnsafeRawPointer? {
            bytes.withUnsafeReadableBytes { $0.baseAddress }
        }
        let first = try #require(start(frame.bytes))
        #expect(start(frame.payload) == first + 24)
        #expect(try start(StepFrame.decode(frame).hop) == first + 24 + 16 + 3 * 20 + 20)
    }

    @Test func `the layout is the documented one`() throws {
        let payload = Array(buffer: try frame(step, hidden: 1, hop: [1, 2, 3, 4, 5, 6, 7, 8, 9]).payload)
        let words: [UInt32] = [
            3, 1, 1, 0, 1, 2, 3, 0, 0, 4, 5, 6, 1, 0, 7, 8, 9, 2, 10, 11, 12, 13, 15, 14,
        ]
        let expected = words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
        #expect(payload == expected + [1, 2, 3, 4, 5, 6, 7, 8, 9])
    }

    @Test func `an error while the hop is written passes through`() {
        struct Broken: Error {}
        #expect(throws: Broken.self) {
            _ = try StepFrame.encode(step, hidden: 8) { _ in throw Broken() }
        }
    }

    @Test func `counts end at their limits`() throws {
        let largest = steps(entries: Limits.stepTokensMax, traces: Limits.workersMax)
        let payload = Array(buffer: try StepFrame.encode(largest).payload)
        #expect(try code(Frame(type: .step, stream: 1, payload: payload)) == nil)
        let entry = [UInt8](repeating: 0, count: 20)
        #expect(
            try code(replacing(0..<4, with: UInt32(Limits.stepTokensMax + 1), in: payload + entry)) == .limit)
        let trace = [UInt8](repeating: 0, count: 20)
        #expect(
            try code(replacing(4..<8, with: UInt32(Limits.workersMax + 1), in: payload + trace)) == .limit)
        #expect(try code(replacing(8..<12, with: UInt32(Limits.hiddenSizeMax + 1), in: payload)) == .limit)
        #expect(try code(replacing(8..<12, with: .max, in: payload)) == .limit)
        #expect(try code(replacing(0..<4, with: .max, in: payload)) == .limit)
        #expect(try code(Frame(type: .step, payload: [UInt8](repeating: 0, count: 16))) == .limit)
    }

    @Test(arguments: [0, 1, 32, 2560, 8192, Limits.hiddenSizeMax])
    func `the largest step fits behind every stage and a larger one is refused`(hidden: Int) throws {
        let count = StepLayout.entryCountMax(hidden: hidden)
        #expect((2...Limits.stepTokensMax).contains(count))
        #expect((1...count / 2).contains(StepLayout.prefillChunkMax(hidden: hidden)))
        let last = steps(entries: count, traces: Limits.workersMax)
        if hidden > 0 { #expect(try code(frame(last, hidden: hidden)) == nil) }
        #expect(try code(StepFrame.encode(last)) == nil)
        let larger = steps(entries: count + 1, traces: Limits.workersMax)
        if hidden > 0 {
            let error = #expect(throws: WireError.self) { _ = try frame(larger, hidden: hidden) }
            #expect(error?.code == .limit)
        } else {
            #expect(throws: WireError.self) { _ = try StepFrame.encode(larger) }
        }
    }

    @Test func `a step without room for one more trace is not handed on, and nothing is computed`() {
        let full = steps(entries: 1, traces: Limits.workersMax)
        let error = #expect(throws: WireError.self) {
            _ = try StepFrame.encode(full, hidden: 8) { _ in
                Issue.record("computed")
                return full.traces[0]
            }
        }
        #expect(error?.code == .limit)
    }

    @Test func `numbers of an entry end at their limits`() throws {
        let payload = Array(buffer: try StepFrame.encode(steps(entries: 1)).payload)
        for (offset, limit) in [(16, Limits.slotsMax), (20, Limits.contextMax), (24, Limits.vocabularyMax)] {
            #expect(try code(replacing(offset..<offset + 4, with: UInt32(limit - 1), in: payload)) == nil)
            #expect(try code(replacing(offset..<offset + 4, with: UInt32(limit), in: payload)) == .limit)
        }
        #expect(try code(replacing(28..<32, with: 3, in: payload)) == .limit)
        #expect(try code(replacing(32..<36, with: 1, in: payload)) == .reserved)
        let scored = Array(buffer: try replacing(28..<32, with: 2, in: payload).payload)
        #expect(try code(replacing(32..<36, with: UInt32(Limits.vocabularyMax - 1), in: scored)) == nil)
        #expect(try code(replacing(32..<36, with: UInt32(Limits.vocabularyMax), in: scored)) == .limit)
        #expect(try code(replacing(12..<16, with: 1, in: payload)) == .reserved)
    }

    @Test func `a payload of any other size is refused`() throws {
        let payload = Array(buffer: try frame(step, hidden: 33).payload)
        for count in 0..<payload.count {
            let cut = try Frame(type: .step, payload: Array(payload.prefix(count)))
            #expect(code(cut) == .malformed)
        }
        #expect(try code(Frame(type: .step, payload: payload + [0])) == .malformed)
        #expect(try code(Frame(type: .outcome, payload: payload)) == .frameType)
    }

    @Test func `a mutated step is refused or encodes to the same bytes`() throws {
        let payload = Array(buffer: try frame(step, hidden: 33).payload)
        var generator = Mutator(seed: 3)
        var acceptedCount = 0
        for _ in 0..<10_000 {
            let frame = try Frame(type: .step, stream: 5, payload: generator.mutate(payload))
            guard let decoded = try? StepFrame.decode(frame) else { continue }
            acceptedCount += 1
            let hop = Array(buffer: decoded.hop)
            let again = try self.frame(decoded.step, hidden: decoded.hidden, hop: hop)
            if again != frame { Issue.record("\(frame.payload)") }
        }
        #expect((1..<10_000).contains(acceptedCount))
    }

    @Test func `items of the pipeline become frames`() throws {
        let opening = Opening(slot: 3, sampling: MessageSample.sampling, promptTokenCount: 7)
        #expect(try Opening.decode(Frame(.open(opening)).payload) == opening)
        #expect(try StepFrame.decode(Frame(.step(step))).step == step)
        let closing = try Frame(.close(slot: 3))
        #expect(closing.type == .closing)
        #expect(try Closing.decode(closing.payload).slot == 3)
    }
}
