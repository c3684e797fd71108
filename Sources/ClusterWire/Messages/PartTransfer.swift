// SPDX-License-Identifier: MIT

package import BitNetCore
import CClusterProto

/// Coordinator to worker: a part is about to be sent.
package struct PartOffer: BriefMessage {
    package static let frameType = FrameType.partOffer

    package var digest: ContentDigest
    /// Size of the whole part file.
    package var byteCount: UInt64

    package init(digest: ContentDigest, byteCount: UInt64) {
        self.digest = digest
        self.byteCount = byteCount
    }

    package init(_ file: PartFile) {
        self.init(digest: file.digest, byteCount: file.byteCount)
    }

    package var file: PartFile { PartFile(digest: digest, byteCount: byteCount) }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension PartOffer: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__PartOffer>) {
        cluster__part_offer__init(structure)
    }

    func write(to structure: inout Cluster__PartOffer, arena: EncodingArena) {
        structure.digest = arena.binary(digest.bytes)
        structure.byte_count = byteCount
    }

    init(_ structure: Cluster__PartOffer) throws(WireError) {
        let reader = FieldReader(Self.self)
        digest = try reader.digest("digest", structure.digest.bytes)
        byteCount = try reader.number("byteCount", structure.byte_count, in: 0...Limits.partBytesMax)
    }
}

/// Worker to coordinator: the answer to ``PartOffer``.
package struct PartStatus: BriefMessage {
    package static let frameType = FrameType.partStatus

    package var digest: ContentDigest
    /// Where the coordinator is to start.
    package var presentByteCount: UInt64
    /// Nothing is to be sent.
    package var isComplete: Bool

    package init(digest: ContentDigest, presentByteCount: UInt64, isComplete: Bool) {
        self.digest = digest
        self.presentByteCount = presentByteCount
        self.isComplete = isComplete
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension PartStatus: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__PartStatus>) {
        cluster__part_status__init(structure)
    }

    func write(to structure: inout Cluster__PartStatus, arena: EncodingArena) {
        structure.digest = arena.binary(digest.bytes)
        structure.present_byte_count = presentByteCount
        structure.is_complete = isComplete ? 1 : 0
    }

    init(_ structure: Cluster__PartStatus) throws(WireError) {
        let reader = FieldReader(Self.self)
        digest = try reader.digest("digest", structure.digest.bytes)
        presentByteCount = try reader.number(
            "presentByteCount", structure.present_byte_count, in: 0...Limits.partBytesMax)
        isComplete = structure.is_complete != 0
    }
}

/// Worker to coordinator: how much of a part is written, so that more may be sent.
package struct PartProgress: BriefMessage {
    package static let frameType = FrameType.partProgress

    /// From the start of the part file.
    package var writtenByteCount: UInt64

    package init(writtenByteCount: UInt64) {
        self.writtenByteCount = writtenByteCount
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension PartProgress: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__PartProgress>) {
        cluster__part_progress__init(structure)
    }

    func write(to structure: inout Cluster__PartProgress, arena: EncodingArena) {
        structure.written_byte_count = writtenByteCount
    }

    init(_ structure: Cluster__PartProgress) throws(WireError) {
        writtenByteCount = try FieldReader(Self.self).number(
            "writtenByteCount", structure.written_byte_count, in: 0...Limits.partBytesMax)
    }
}

/// Worker to coordinator: the answer to a part's end.
package struct PartResult: BriefMessage {
    package static let frameType = FrameType.partResult

    package var digest: ContentDigest
    /// Verified, synced and in the store.
    package var isAccepted: Bool
    /// Why not; empty if accepted.
    package var message: String

    package init(digest: ContentDigest, isAccepted: Bool, message: String) {
        self.digest = digest
        self.isAccepted = isAccepted
        self.message = message
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension PartResult: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__PartResult>) {
        cluster__part_result__init(structure)
    }

    func write(to structure: inout Cluster__PartResult, arena: EncodingArena) {
        structure.digest = arena.binary(digest.bytes)
        structure.is_accepted = isAccepted ? 1 : 0
        structure.message = arena.text(WireText.prose(message))
    }

    init(_ structure: Cluster__PartResult) throws(WireError) {
        let reader = FieldReader(Self.self)
        digest = try reader.digest("digest", structure.digest.bytes)
        isAccepted = structure.is_accepted != 0
        message = try reader.prose("message", structure.message.bytes)
    }
}
