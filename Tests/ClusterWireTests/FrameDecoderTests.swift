// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterWire
import NIOCore
import TestSupport
import Testing

@Suite struct FrameDecoderTests {
    private let frames: [Frame]

    init() throws {
        frames = [
            try Frame(type: .heartbeat, stream: 1, payload: [8, 1]), Frame(type: .partEnd, stream: 2),
            try Frame(type: .partChunk, stream: 3, payload: [UInt8](0..<200)), Frame(type: .welcome),
        ]
    }

    private var stream: [UInt8] { frames.flatMap { Array(buffer: $0.bytes) } }

    /// All frames that can be taken now, and the error behind them.
    private func drain(_ decoder: inout FrameDecoder) -> ([Frame], WireError?) {
        var frames: [Frame] = []
        do throws(WireError) {
            while let frame = try decoder.next() { frames.append(frame) }
            return (frames, nil)
        } catch {
            return (frames, error)
        }
    }

    @Test func `a stream split at any byte gives the same frames`() {
        let stream = stream
        for split in 0...stream.count {
            var decoder = FrameDecoder()
            decoder.append(ByteBuffer(bytes: stream[..<split]))
            let (first, error) = drain(&decoder)
            #expect(error == nil)
            decoder.append(ByteBuffer(bytes: stream[split...]))
            #expect(first + drain(&decoder).0 == frames)
        }
    }

    @Test func `a stream fed byte by byte gives each frame with its last byte`() throws {
        var decoder = FrameDecoder()
        var ends: [Int] = []
        for (index, byte) in stream.enumerated() {
            decoder.append(ByteBuffer(bytes: [byte]))
            while try decoder.next() != nil { ends.append(index + 1) }
        }
        #expect(ends == [26, 50, 274, 298])
    }

    @Test func `frames before an error are given, then the error for ever`() {
        var decoder = FrameDecoder()
        var bytes = stream
        bytes[26] = 0
        decoder.append(ByteBuffer(bytes: bytes))
        let (first, error) = drain(&decoder)
        #expect(first == [frames[0]])
        #expect(error?.code == .magic)
        decoder.append(ByteBuffer(bytes: stream))
        let (none, again) = drain(&decoder)
        #expect(none.isEmpty)
        #expect(again == error)
    }

    @Test(arguments: FrameType.allCases)
    func `a length above the limit is refused with the header alone`(type: FrameType) {
        var bytes = Frame(type: type).bytes
        bytes.setInteger(UInt32.max, at: 16)
        var decoder = FrameDecoder()
        decoder.append(bytes)
        let (none, error) = drain(&decoder)
        #expect(none.isEmpty)
        #expect(error?.code == .limit)
    }

    @Test func `the largest step passes in pieces`() throws {
        let frame = try Frame(
            type: .step, stream: 1, payload: [UInt8](repeating: 7, count: Limits.activationBytesMax))
        var rest = frame.bytes
        var decoder = FrameDecoder()
        while let piece = rest.readSlice(length: min(65_536, rest.readableBytes)), piece.readableBytes > 0 {
            decoder.append(piece)
        }
        // Compared outside the expectation, which would print eight megabytes.
        let isEqual = try decoder.next() == frame
        #expect(isEqual)
    }

    @Test func `a copy of a decoder goes its own way`() throws {
        var decoder = FrameDecoder()
        decoder.append(ByteBuffer(bytes: stream.prefix(40)))
        var copy = decoder
        decoder.append(ByteBuffer(bytes: stream.dropFirst(40)))
        #expect(drain(&decoder).0 == frames)
        #expect(drain(&copy).0 == [frames[0]])
        copy.append(ByteBuffer(bytes: stream.dropFirst(40)))
        #expect(drain(&copy).0 == Array(frames.dropFirst()))
    }

    @Test func `mutated streams give frames within the limits or an error`() {
        var generator = Mutator(seed: 1)
        var failureCount = 0
        for _ in 0..<10_000 {
            let bytes = generator.mutate(stream)
            let split = Int.random(in: 0...bytes.count, using: &generator.random)
            var decoder = FrameDecoder()
            decoder.append(ByteBuffer(bytes: bytes[..<split]))
            var (taken, error) = drain(&decoder)
            decoder.append(ByteBuffer(bytes: bytes[split...]))
            let (more, laterError) = drain(&decoder)
            taken += more
            error = error ?? laterError
            failureCount += error == nil ? 0 : 1

            var whole = FrameDecoder()
            whole.append(ByteBuffer(bytes: bytes))
            let (expected, expectedError) = drain(&whole)
            if taken != expected || error != expectedError { Issue.record("split \(split) of \(bytes)") }
            let encoded = taken.flatMap { Array(buffer: $0.bytes) }
            if !bytes.starts(with: encoded) { Issue.record("not what was fed: \(bytes)") }
        }
        #expect(failureCount > 2500)
    }
}
