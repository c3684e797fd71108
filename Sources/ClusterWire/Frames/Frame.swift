// SPDX-License-Identifier: MIT

package import NIOCore

/// One message on a connection: header and payload in one piece of memory, as they travel.
///
/// Copies share the memory, and a socket takes it as it is.
package struct Frame: Equatable, Sendable {
    /// What the first of ``bytes`` say.
    package let header: FrameHeader
    /// Header and payload.
    package let bytes: ByteBuffer

    /// - Throws: ``WireError`` if the payload is above the type's limit.
    package init(type: FrameType, stream: UInt64 = 0, payload: [UInt8]) throws(WireError) {
        self.init(try FrameHeader(type: type, stream: stream, payloadByteCount: payload.count)) {
            $0.writeBytes(payload)
        }
    }

    /// A frame without payload.
    package init(type: FrameType, stream: UInt64 = 0) {
        self.init(FrameHeader(type: type, stream: stream)) { _ in }
    }

    /// - Throws: ``WireError`` if the message is too long for a frame.
    package init<Message: ControlMessage>(_ message: Message, stream: UInt64 = 0) throws(WireError) {
        try self.init(type: Message.frameType, stream: stream, payload: message.encode())
    }

    package init<Message: BriefMessage>(_ message: Message, stream: UInt64 = 0) {
        do throws(WireError) {
            try self.init(type: Message.frameType, stream: stream, payload: message.encode())
        } catch {
            preconditionFailure("brief messages fit a frame: \(error.message)")
        }
    }

    /// A frame whose payload is written into its place.
    ///
    /// - Parameter write: Appends the payload behind the header, exactly as many bytes as that says.
    init<Failure: Error>(
        _ header: FrameHeader, write: (inout ByteBuffer) throws(Failure) -> Void
    ) throws(Failure) {
        var bytes = header.begin()
        try write(&bytes)
        self.init(header, bytes: bytes)
    }

    /// - Precondition: `bytes` are those of `header` and a payload of the length that it says; only this target builds
    ///   frames of bytes, and counts them.
    init(_ header: FrameHeader, bytes: ByteBuffer) {
        precondition(
            bytes.readableBytes == header.frameByteCount,
            "a \(header.type) frame of \(bytes.readableBytes) bytes whose header says \(header.frameByteCount)"
        )
        self.header = header
        self.bytes = bytes
    }

    package var type: FrameType { header.type }

    /// The step's id in steps and outcomes, the transfer's number on weights connections, else 0.
    package var stream: UInt64 { header.stream }

    /// What stands behind the header, in the same memory.
    package var payload: ByteBuffer {
        var payload = bytes
        payload.moveReaderIndex(forwardBy: FrameHeader.byteCount)
        return payload
    }
}
