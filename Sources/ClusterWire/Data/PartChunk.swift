// SPDX-License-Identifier: MIT

import BitNetCore
package import NIOCore

/// A piece of a part file: u64 offset, then the bytes.
package struct PartChunk: Equatable, Sendable {
    package static let headerByteCount = 8
    /// Bytes of the file that one chunk holds at most; together with the offset they fill the frame.
    package static let dataBytesMax = Limits.weightBytesMax - headerByteCount

    /// Where the bytes belong in the part file.
    package let offset: UInt64
    package let bytes: ByteBuffer

    /// The frame of a chunk; its bytes are copied into it, and no more on their way to the socket.
    ///
    /// - Throws: ``WireError`` unless there are 1 to ``dataBytesMax`` bytes.
    package static func encode(
        transfer: UInt64, offset: UInt64, bytes: UnsafeRawBufferPointer
    ) throws(WireError) -> Frame {
        guard (1...dataBytesMax).contains(bytes.count) else {
            throw WireError(.limit, "a part chunk of \(bytes.count) bytes; 1 to \(dataBytesMax) can be sent")
        }
        let header = try FrameHeader(
            type: .partChunk, stream: transfer, payloadByteCount: headerByteCount + bytes.count)
        return Frame(header) { frame in
            frame.writeInteger(offset, endianness: .little)
            frame.writeBytes(bytes)
        }
    }

    /// - Throws: ``WireError`` for a chunk without bytes or one that ends beyond `Limits.partBytesMax`.
    package static func decode(_ payload: ByteBuffer) throws(WireError) -> PartChunk {
        var bytes = payload
        guard let offset = bytes.readInteger(endianness: .little, as: UInt64.self),
            (1...dataBytesMax).contains(bytes.readableBytes)
        else {
            throw WireError(
                .limit,
                "a part chunk has \(payload.readableBytes) bytes; 9 to \(Limits.weightBytesMax) are taken")
        }
        guard offset <= Limits.partBytesMax,
            UInt64(clamping: bytes.readableBytes) <= Limits.partBytesMax - offset
        else {
            throw WireError(
                .limit,
                "a part chunk at \(offset) reaches beyond the largest part, \(Limits.partBytesMax) bytes")
        }
        return PartChunk(offset: offset, bytes: bytes)
    }
}
