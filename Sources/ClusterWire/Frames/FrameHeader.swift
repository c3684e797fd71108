// SPDX-License-Identifier: MIT

import BitNetCore

/// The 24 bytes before every payload, little-endian.
///
/// | offset | size | field                                   |
/// |-------:|-----:|-----------------------------------------|
/// |      0 |    4 | magic, the letters `BNCL`               |
/// |      4 |    2 | framing version, 1                      |
/// |      6 |    1 | type                                    |
/// |      7 |    1 | flags, 0                                |
/// |      8 |    8 | stream: step, transfer, or 0            |
/// |     16 |    4 | payload length, bytes                   |
/// |     20 |    4 | reserved, 0                             |
package struct FrameHeader: Equatable, Sendable {
    package static let byteCount = 24
    /// `BNCL`, read as a little-endian integer.
    package static let magic: UInt32 = 0x4C43_4E42
    /// Of this layout, not of what the frames mean; that is negotiated in ``Hello``.
    package static let version: UInt16 = 1

    package let type: FrameType
    package let stream: UInt64
    package let payloadByteCount: Int

    /// - Precondition: `payloadByteCount` is within the type's limit; whoever builds a frame knows it.
    package init(type: FrameType, stream: UInt64, payloadByteCount: Int) {
        precondition(
            (0...type.payloadBytesMax).contains(payloadByteCount),
            "a \(type) frame of \(payloadByteCount) bytes; at most \(type.payloadBytesMax) may be sent")
        self.type = type
        self.stream = stream
        self.payloadByteCount = payloadByteCount
    }

    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        append(to: &bytes)
        return bytes
    }

    func append(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: Self.magic)
        bytes.append(littleEndian: Self.version)
        bytes.append(type.rawValue)
        bytes.append(0)
        bytes.append(littleEndian: stream)
        bytes.append(littleEndian: UInt32(payloadByteCount))
        bytes.append(littleEndian: UInt32(0))
    }
}

extension FrameHeader {
    /// Checks everything that a header can be checked for, the payload's limit included.
    ///
    /// - Parameter bytes: ``byteCount`` bytes; later ones are not looked at.
    /// - Throws: ``WireError`` for the first field that is wrong.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        self = try bytes.read { reader throws(WireError) in try FrameHeader(&reader) }
    }

    private init(_ reader: inout LittleEndianReader) throws(WireError) {
        guard let magic = reader.integer(UInt32.self), let version = reader.integer(UInt16.self),
            let rawType = reader.integer(UInt8.self), let flags = reader.integer(UInt8.self),
            let stream = reader.integer(UInt64.self), let length = reader.integer(UInt32.self),
            let reserved = reader.integer(UInt32.self)
        else {
            throw WireError(
                .malformed,
                "a frame header has \(Self.byteCount) bytes, not \(reader.offset + reader.remaining)")
        }
        guard magic == Self.magic else {
            throw WireError(
                .magic,
                "the peer does not speak the cluster protocol; check that the address and port are a worker's"
            )
        }
        guard version == Self.version else {
            throw WireError(
                .version,
                "the peer uses framing version \(version), this program \(Self.version); "
                    + "install the same release on both machines")
        }
        guard let type = FrameType(rawValue: rawType) else {
            throw WireError(
                .frameType,
                "the peer sent a frame of unknown type \(rawType); install the same release on both machines")
        }
        guard flags == 0, reserved == 0 else {
            throw WireError(.reserved, "the peer set reserved bits in the header of a \(type) frame")
        }
        guard length <= UInt32(type.payloadBytesMax) else {
            throw WireError(
                .limit,
                "the peer announced a \(type) frame of \(length) bytes; "
                    + "at most \(type.payloadBytesMax) are taken")
        }
        self.init(type: type, stream: stream, payloadByteCount: Int(length))
    }
}
