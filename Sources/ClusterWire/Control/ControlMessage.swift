// SPDX-License-Identifier: MIT

package import NIOCore

/// A small message with a schema (`proto/cluster.proto`).
package protocol ControlMessage: Equatable, Sendable {
    static var frameType: FrameType { get }

    /// The payload of the message's frame.
    func encode() -> [UInt8]

    /// - Throws: ``WireError`` naming the message, the field and the limit.
    static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self
}

/// A control message that fits a frame many times over, whatever it says.
///
/// It holds no lists: numbers, digests, names of this process that configuration bounds, and text that is cut when it
/// is written.
package protocol BriefMessage: ControlMessage {}

extension ControlMessage {
    /// Reads a frame's payload where it lies.
    package static func decode(_ payload: ByteBuffer) throws(WireError) -> Self {
        try decode(payload.readableBytesSpan, budget: DecodingBudget())
    }

    package static func decode(
        _ payload: [UInt8], budget: DecodingBudget = DecodingBudget()
    ) throws(WireError) -> Self {
        try decode(payload.span.bytes, budget: budget)
    }
}
