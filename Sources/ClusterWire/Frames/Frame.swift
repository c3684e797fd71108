// SPDX-License-Identifier: MIT

/// One message on a connection.
package struct Frame: Equatable, Sendable {
    package let type: FrameType
    /// The step's id in steps and outcomes, else 0.
    package let stream: UInt64
    package let payload: [UInt8]

    /// - Precondition: the payload is within the type's limit; frames from peers come from ``FrameDecoder``.
    package init(type: FrameType, stream: UInt64 = 0, payload: [UInt8] = []) {
        self.init(
            header: FrameHeader(type: type, stream: stream, payloadByteCount: payload.count), payload: payload
        )
    }

    package init(_ message: some ControlMessage, stream: UInt64 = 0) {
        self.init(type: Swift.type(of: message).frameType, stream: stream, payload: message.encode())
    }

    /// One whole frame, no more and no less.
    package init(encoded bytes: [UInt8]) throws(WireError) {
        let header = try FrameHeader(decoding: bytes)
        guard bytes.count == FrameHeader.byteCount + header.payloadByteCount else {
            throw WireError(
                .malformed,
                "a \(header.type) frame of \(bytes.count) bytes; its header asks for "
                    + "\(FrameHeader.byteCount + header.payloadByteCount)")
        }
        self.init(header: header, payload: [UInt8](bytes[FrameHeader.byteCount...]))
    }

    init(header: FrameHeader, payload: [UInt8]) {
        type = header.type
        stream = header.stream
        self.payload = payload
    }

    package var header: FrameHeader {
        FrameHeader(type: type, stream: stream, payloadByteCount: payload.count)
    }

    /// Header and payload, as they travel.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(FrameHeader.byteCount + payload.count)
        header.append(to: &bytes)
        bytes += payload
        return bytes
    }
}
