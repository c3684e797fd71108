// SPDX-License-Identifier: MIT

package import BitNetCore
import CClusterProto

/// What a worker holds of one part.
package struct PartState: Equatable, Sendable {
    package var digest: ContentDigest
    /// Bytes on disk from the start of the file; unverified unless complete.
    package var presentByteCount: UInt64
    /// All bytes are present and the digest is verified.
    package var isComplete: Bool

    package init(digest: ContentDigest, presentByteCount: UInt64, isComplete: Bool) {
        self.digest = digest
        self.presentByteCount = presentByteCount
        self.isComplete = isComplete
    }
}

extension PartState: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__PartState>) {
        cluster__part_state__init(structure)
    }

    func write(to structure: inout Cluster__PartState, arena: EncodingArena) {
        structure.digest = arena.binary(digest.bytes)
        structure.present_byte_count = presentByteCount
        structure.is_complete = isComplete ? 1 : 0
    }

    init(_ structure: Cluster__PartState) throws(WireError) {
        let reader = FieldReader(Self.self)
        digest = try reader.digest("digest", structure.digest.bytes)
        presentByteCount = try reader.number(
            "presentByteCount", structure.present_byte_count, in: 0...Limits.partBytesMax)
        isComplete = structure.is_complete != 0
    }
}

/// Worker to coordinator: the answer to ``Assignment``.
package struct StoreStatus: ControlMessage {
    package static let frameType = FrameType.storeStatus

    /// Every part that the manifest names, once, in its order.
    package var parts: [PartState]

    package init(parts: [PartState]) {
        self.parts = parts
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension StoreStatus: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__StoreStatus>) {
        cluster__store_status__init(structure)
    }

    func write(to structure: inout Cluster__StoreStatus, arena: EncodingArena) {
        structure.n_parts = parts.count
        structure.parts = arena.structures(parts)
    }

    init(_ structure: Cluster__StoreStatus) throws(WireError) {
        parts = try FieldReader(Self.self).messages(
            "parts", structure.parts, count: structure.n_parts, countMax: Limits.partsMax)
    }
}
