// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterWire
import NIOCore
import Testing

@Suite struct PartChunkTests {
    private func frame(offset: UInt64, bytes: [UInt8]) throws -> Frame {
        try bytes.withUnsafeBytes { try PartChunk.encode(transfer: 9, offset: offset, bytes: $0) }
    }

    @Test func `the layout is the documented one`() throws {
        #expect(
            try Array(buffer: frame(offset: 0x0102_0304, bytes: [0xA5, 0x5A]).bytes) == [
                0x42, 0x4E, 0x43, 0x4C, 1, 0, 0x22, 0, 9, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0,
                4, 3, 2, 1, 0, 0, 0, 0, 0xA5, 0x5A,
            ])
    }

    @Test func `a chunk round trips at both ends of its size`() throws {
        for count in [1, PartChunk.dataBytesMax] {
            let frame = try frame(offset: 0x0102_0304, bytes: [UInt8](repeating: 0xA5, count: count))
            #expect(frame.payload.readableBytes == 8 + count)
            #expect(frame.payload.readableBytes <= Limits.weightBytesMax)
            let chunk = try PartChunk.decode(frame.payload)
            #expect(chunk.offset == 0x0102_0304)
            let isEqual = chunk.bytes == ByteBuffer(repeating: 0xA5, count: count)
            #expect(isEqual)
        }
    }

    @Test func `empty, short and oversized chunks are refused, and not sent either`() {
        for count in [0, 1, 7, 8, Limits.weightBytesMax + 1] {
            #expect(throws: WireError.self) {
                try PartChunk.decode(ByteBuffer(repeating: 0, count: count))
            }
        }
        for count in [0, PartChunk.dataBytesMax + 1] {
            #expect(throws: WireError.self) {
                try frame(offset: 0, bytes: [UInt8](repeating: 0, count: count))
            }
        }
    }

    @Test func `a chunk ends with the largest part at the latest`() throws {
        let last = try frame(offset: Limits.partBytesMax - 2, bytes: [1, 2])
        #expect(try PartChunk.decode(last.payload).offset == Limits.partBytesMax - 2)
        for offset in [Limits.partBytesMax - 1, Limits.partBytesMax, .max] {
            let payload = try frame(offset: offset, bytes: [1, 2]).payload
            #expect(throws: WireError.self) { try PartChunk.decode(payload) }
        }
    }
}
