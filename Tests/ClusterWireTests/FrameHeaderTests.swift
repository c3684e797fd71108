// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterWire
import NIOCore
import Testing

@Suite struct FrameHeaderTests {
    @Test func `the layout is the documented one`() throws {
        let header = try FrameHeader(
            type: .partChunk, stream: 0x0807_0605_0403_0201, payloadByteCount: 0x0A0B)
        #expect(
            header.encoded == [
                0x42, 0x4E, 0x43, 0x4C, 1, 0, 0x22, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x0B, 0x0A, 0, 0, 0, 0, 0, 0,
            ])
    }

    @Test(arguments: FrameType.allCases)
    func `every type round trips at its limit`(type: FrameType) throws {
        let header = try FrameHeader(type: type, stream: .max, payloadByteCount: type.payloadBytesMax)
        #expect(try FrameHeader(decoding: ByteBuffer(bytes: header.encoded)) == header)
    }

    @Test(arguments: FrameType.allCases)
    func `a length one past the limit is refused`(type: FrameType) throws {
        var bytes = try FrameHeader(type: type, stream: 0, payloadByteCount: 0).encoded
        withUnsafeBytes(of: UInt32(type.payloadBytesMax + 1).littleEndian) {
            bytes.replaceSubrange(16..<20, with: $0)
        }
        let error = #expect(throws: WireError.self) { try FrameHeader(decoding: ByteBuffer(bytes: bytes)) }
        #expect(error?.code == .limit)
        #expect(error?.message.contains("\(type.payloadBytesMax)") == true)
    }

    @Test(arguments: [
        (0, 0x43, WireError.Code.magic), (3, 0, .magic), (4, 2, .version), (5, 1, .version),
        (6, 0, .frameType),
        (6, 0xFF, .frameType), (7, 1, .reserved), (19, 0x80, .limit), (20, 1, .reserved),
        (23, 0x80, .reserved),
    ])
    func `a wrong byte is named`(offset: Int, value: UInt8, code: WireError.Code) throws {
        var bytes = try FrameHeader(type: .heartbeat, stream: 7, payloadByteCount: 9).encoded
        bytes[offset] = value
        #expect(throws: WireError.self) { try FrameHeader(decoding: ByteBuffer(bytes: bytes)) }
        do { _ = try FrameHeader(decoding: ByteBuffer(bytes: bytes)) } catch { #expect(error.code == code) }
    }

    @Test func `a short header is refused`() throws {
        let bytes = try FrameHeader(type: .heartbeat, stream: 7, payloadByteCount: 9).encoded
        for count in 0..<FrameHeader.byteCount {
            #expect(throws: WireError.self) {
                try FrameHeader(decoding: ByteBuffer(bytes: bytes.prefix(count)))
            }
        }
    }

    @Test func `raw values are unique and the classes have the documented limits`() {
        #expect(FrameType.allCases.count == 33)
        #expect(FrameType.partChunk.payloadBytesMax == 1 << 20)
        #expect(FrameType.step.payloadBytesMax == 8 << 20)
        #expect(FrameType.outcome.payloadBytesMax == 512 << 10)
        #expect(FrameType.partEnd.payloadBytesMax == 0)
        #expect(FrameType.probe.payloadBytesMax == 1 << 20)
        #expect(FrameType.probed.payloadBytesMax == 0)
        let large: [FrameType] = [.partChunk, .step, .outcome, .partEnd, .probe, .probed]
        let others = FrameType.allCases.filter { !large.contains($0) }
        #expect(others.allSatisfy { $0.payloadBytesMax == 64 << 10 })
    }

    @Test func `a frame is its header and its payload in one piece`() throws {
        let frame = try Frame(type: .partChunk, stream: 3, payload: [1, 2, 3])
        #expect(try frame.header == FrameHeader(type: .partChunk, stream: 3, payloadByteCount: 3))
        #expect(Array(buffer: frame.bytes) == frame.header.encoded + [1, 2, 3])
        #expect(Array(buffer: frame.payload) == [1, 2, 3])
    }

    @Test func `our own oversized frame is not built`() throws {
        for type in FrameType.allCases {
            #expect(throws: WireError.self) {
                try FrameHeader(type: type, stream: 0, payloadByteCount: type.payloadBytesMax + 1)
            }
            #expect(throws: WireError.self) { try FrameHeader(type: type, stream: 0, payloadByteCount: -1) }
        }
        #expect(throws: WireError.self) { try Frame(type: .partEnd, payload: [0]) }
        let neighbour = Neighbour(
            name: String(repeating: "n", count: 64), address: String(repeating: "a", count: 260))
        let probe = ProbeLinks(neighbours: Array(repeating: neighbour, count: Limits.workersMax))
        #expect(throws: WireError.self) { try Frame(probe) }
    }
}

extension FrameHeader {
    /// As it travels.
    fileprivate var encoded: [UInt8] {
        var bytes = ByteBuffer()
        write(to: &bytes)
        return Array(buffer: bytes)
    }
}
