// SPDX-License-Identifier: MIT

extension Limits {
    /// An encoded shard manifest, bytes: what a control message holds beside the assignment's other fields.
    package static let manifestBytesMax = 60 << 10
    /// A handshake nonce, bytes: never drawn twice by chance.
    package static let nonceByteCount = 32
    /// A handshake proof, bytes: one HMAC-SHA256.
    package static let proofByteCount = 32
}
