// SPDX-License-Identifier: MIT

import BitNetCore

/// A piece of a part file: u64 offset, then the bytes.
package struct PartChunk: Equatable, Sendable {
    package static let headerByteCount = 8
    /// Bytes of the file that one chunk holds at most; together with the offset they fill the frame.
    package static let dataBytesMax = Limits.weightBytesMax - headerByteCount

    /// Where the bytes belong in the part file.
    package let offset: UInt64
    package let bytes: ArraySlice<UInt8>

    /// The payload of a chunk.
    ///
    /// - Precondition: 1 to ``dataBytesMax`` bytes.
    package static func encode(offset: UInt64, bytes: UnsafeRawBufferPointer) -> [UInt8] {
        precondition(
            (1...dataBytesMax).contains(bytes.count),
            "a chunk of \(bytes.count) bytes; at most \(dataBytesMax)")
        var payload: [UInt8] = []
        payload.reserveCapacity(headerByteCount + bytes.count)
        payload.append(littleEndian: offset)
        payload += bytes
        return payload
    }

    /// A whole frame with a chunk.
    ///
    /// - Precondition: 1 to ``dataBytesMax`` bytes.
    package static func encodedFrame(
        transfer: UInt64, offset: UInt64, bytes: UnsafeRawBufferPointer
    ) -> [UInt8] {
        precondition(
            (1...dataBytesMax).contains(bytes.count),
            "a chunk of \(bytes.count) bytes; at most \(dataBytesMax)")
        let header = FrameHeader(
            type: .partChunk, stream: transfer, payloadByteCount: headerByteCount + bytes.count)
        var frame: [UInt8] = []
        frame.reserveCapacity(FrameHeader.byteCount + header.payloadByteCount)
        header.append(to: &frame)
        frame.append(littleEndian: offset)
        frame += bytes
        return frame
    }

    package static func encode(offset: UInt64, bytes: some Collection<UInt8>) -> [UInt8] {
        let contiguous = [UInt8](bytes)
        return contiguous.withUnsafeBytes { encode(offset: offset, bytes: $0) }
    }

    /// - Throws: ``WireError`` for a chunk without bytes or one that ends beyond `Limits.partBytesMax`.
    package static func decode(_ payload: [UInt8]) throws(WireError) -> PartChunk {
        let offset = try payload.read { reader throws(WireError) in reader.integer(UInt64.self) }
        guard let offset, payload.count > headerByteCount, payload.count <= Limits.weightBytesMax else {
            throw WireError(
                .limit, "a part chunk has \(payload.count) bytes; 9 to \(Limits.weightBytesMax) are taken")
        }
        let bytes = payload[headerByteCount...]
        guard offset <= Limits.partBytesMax, UInt64(bytes.count) <= Limits.partBytesMax - offset else {
            throw WireError(
                .limit,
                "a part chunk at \(offset) reaches beyond the largest part, \(Limits.partBytesMax) bytes")
        }
        return PartChunk(offset: offset, bytes: bytes)
    }
}
