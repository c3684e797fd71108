// SPDX-License-Identifier: MIT
import BitNetCore

/// The hops of every token that the slots hold, as one stage has handed them on: what follows a stage that was lost can
/// be computed again from them, and what comes before need not be.
struct HopHistory: Sendable {
    /// `[slots, context, hop bytes]`.
    private let memory: PageMemory
    private let context: Int
    private let hopByteCount: Int

    /// - Precondition: model and shape are within `Limits`.
    /// - Throws: ``EngineError`` with code `outOfMemory`.
    init(model: ModelDescription, shape: CacheShape) throws(EngineError) {
        context = shape.context
        hopByteCount = HopLayout.byteCountPerToken(hidden: model.hiddenSize)
        memory = try PageMemory(
            byteCount: shape.hopsByteCount(model: model),
            for: "the hops of \(shape.slots) sequences of \(shape.context) tokens")
    }

    var byteCount: Int { memory.byteCount }

    /// The hop of one token.
    func row(of entry: StepEntry) -> UnsafeMutableRawPointer {
        memory.start + (Int(entry.slot) * context + Int(entry.position)) * hopByteCount
    }

    /// Keeps rows of `hops`, which has one for each entry.
    ///
    /// - Precondition: entries that are kept stand within the context.
    func record(
        _ entries: [StepEntry], where isKept: (StepEntry) -> Bool, from hops: UnsafeMutableRawPointer
    ) {
        for (index, entry) in entries.enumerated() where isKept(entry) {
            row(of: entry).copyMemory(from: hops + index * hopByteCount, byteCount: hopByteCount)
        }
    }

    /// Writes the rows that are kept of `entries` one after the other.
    func recall(_ entries: [StepEntry], into hops: UnsafeMutableRawPointer) {
        for (index, entry) in entries.enumerated() {
            (hops + index * hopByteCount).copyMemory(from: row(of: entry), byteCount: hopByteCount)
        }
    }

    /// Another slot begins with the same tokens.
    func copy(_ prefix: SharedPrefix, into slot: UInt32) {
        (memory.start + Int(slot) * context * hopByteCount).copyMemory(
            from: memory.start + Int(prefix.slot) * context * hopByteCount,
            byteCount: Int(prefix.tokenCount) * hopByteCount)
    }
}
