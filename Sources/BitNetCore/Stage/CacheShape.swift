// SPDX-License-Identifier: MIT

/// How many sequences, how long, and in which type a cache holds.
package struct CacheShape: Equatable, Sendable {
    /// Positions whose keys stand together.
    private static let positionsTogether = 16

    /// Sequences at a time.
    package var slots: Int
    /// Positions of each sequence.
    package var context: Int
    package var type: CacheType

    package init(slots: Int, context: Int, type: CacheType = .f16) {
        self.slots = slots
        self.context = context
        self.type = type
    }

    /// Bytes of one layer's keys once every row is written, and of its values as many; on a 64-byte boundary.
    ///
    /// - Precondition: everything is within `Limits`; the product with all layers is then 2^62 at most, so that no
    ///   step overflows.
    package func blockByteCount(model: ModelDescription) -> Int {
        let row = model.headSize.roundedUp(to: 16) * type.elementByteCount + type.scaleByteCount
        let positions = context.roundedUp(to: Self.positionsTogether)
        return (slots * model.keyValueHeadCount * positions * row).roundedUp(to: 64)
    }

    /// Bytes of one layer's keys and values once every row is written.
    package func layerByteCount(model: ModelDescription) -> UInt64 {
        UInt64(clamping: 2 * blockByteCount(model: model))
    }

    /// Bytes of the hops that a stage hands on for every position of every slot; on a 64-byte boundary.
    ///
    /// - Precondition: everything is within `Limits`; the product is then below 2^50.
    package func hopsByteCount(model: ModelDescription) -> Int {
        (slots * context * HopLayout.byteCountPerToken(hidden: model.hiddenSize)).roundedUp(to: 64)
    }
}
