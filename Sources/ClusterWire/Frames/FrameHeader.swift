// SPDX-License-Identifier: MIT

import BitNetCore
package import NIOCore

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

    /// - Throws: ``WireError`` if `payloadByteCount` is above the type's limit.
    package init(type: FrameType, stream: UInt64, payloadByteCount: Int) throws(WireError) {
        guard (0...type.payloadBytesMax).contains(payloadByteCount) else {
            throw WireError(
                .limit,
                "a \(type) frame of \(payloadByteCount) bytes; at most \(type.payloadBytesMax) may be sent")
        }
        self.init(checked: type, stream: stream, payloadByteCount: payloadByteCount)
    }

    /// Nothing but the header.
    package init(type: FrameType, stream: UInt64 = 0) {
        self.init(checked: type, stream: stream, payloadByteCount: 0)
    }

    private init(checked type: FrameType, stream: UInt64, payloadByteCount: Int) {
        self.type = type
        self.stream = stream
        self.payloadByteCount = payloadByteCount
    }

    /// Header and payload together.
    package var frameByteCount: Int { Self.byteCount + payloadByteCount }

    /// Memory for the whole frame with the header in front: what says how much has been checked.
    func begin() -> ByteBuffer {
        var bytes = ByteBufferAllocator().buffer(capacity: frameByteCount)
        write(to: &bytes)
        return bytes
    }

    package func write(to bytes: inout ByteBuffer) {
        bytes.writeMultipleIntegers(
            Self.magic, Self.version, type.rawValue, UInt8(0), stream, UInt32(clamping: payloadByteCount),
            UInt32(0),
            endianness: .little)
    }
}

extension FrameHeader {
    /// Checks everything that a header can be checked for, the payload's limit included.
    ///
    /// - Parameter bytes: ``byteCount`` bytes; later ones are not looked at.
    /// - Throws: ``WireError`` for the first field that is wrong.
    package init(decoding bytes: ByteBuffer) throws(WireError) {
        guard
            let (magic, version, rawType, flags, stream, length, reserved) = bytes.peekMultipleIntegers(
                endianness: .little, as: (UInt32, UInt16, UInt8, UInt8, UInt64, UInt32, UInt32).self)
        else {
            throw WireError(
                .malformed, "a frame header has \(Self.byteCount) bytes, not \(bytes.readableBytes)")
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
        let payloadByteCount = Int(clamping: length)
        guard payloadByteCount <= type.payloadBytesMax else {
            throw WireError(
                .limit,
                "the peer announced a \(type) frame of \(length) bytes; "
                    + "at most \(type.payloadBytesMax) are taken")
        }
        self.init(checked: type, stream: stream, payloadByteCount: payloadByteCount)
    }
}
