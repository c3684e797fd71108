// SPDX-License-Identifier: MIT

/// A small message with a schema (`proto/cluster.proto`).
package protocol ControlMessage: Equatable, Sendable {
    static var frameType: FrameType { get }

    /// The payload of the message's frame.
    func encode() -> [UInt8]

    /// - Throws: ``WireError`` naming the message, the field and the limit.
    static func decode(_ payload: [UInt8], budget: DecodingBudget) throws(WireError) -> Self
}

extension ControlMessage {
    package static func decode(_ payload: [UInt8]) throws(WireError) -> Self {
        try decode(payload, budget: DecodingBudget())
    }
}
