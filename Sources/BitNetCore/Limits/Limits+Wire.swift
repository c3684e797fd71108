// SPDX-License-Identifier: MIT

extension Limits {
    /// An encoded shard manifest, bytes: what a control message holds beside the assignment's other fields.
    package static let manifestBytesMax = 60 << 10
    /// A handshake nonce, bytes: never drawn twice by chance.
    package static let nonceByteCount = 32
    /// Figures that members tell of themselves and of their machines for people to read, in whatever unit; larger ones
    /// count as this one: sums of some, and differences, stay within 64 bits with a sign.
    package static let toldFigureMax: UInt64 = 1 << 60
    /// A handshake proof, bytes: one HMAC-SHA256.
    package static let proofByteCount = 32
}
