// SPDX-License-Identifier: MIT
package import BitNetCore

/// What a stage knew of its sequences when it ended: keys and values, and the hops that it had handed on.
///
/// They follow from the tokens alone, as long as the rest of the model, its cuts and the arithmetic are the same. So a
/// later stage with some of the layers need not compute again what it is asked for the same tokens.
package struct KeptStates: Sendable {
    let model: ModelDescription
    let shape: CacheShape
    /// Keys and values, by layer.
    private(set) var keysAndValues: [Int: PageMemory]
    /// Hops, by the layer before which they are handed on.
    private(set) var hops: [Int: HopHistory]
    /// Of each slot, those whose states are there.
    let tokens: [[UInt32]]

    init(
        model: ModelDescription, shape: CacheShape, keysAndValues: [Int: PageMemory],
        hops: [Int: HopHistory], tokens: [[UInt32]]
    ) {
        self.model = model
        self.shape = shape
        self.keysAndValues = keysAndValues
        self.hops = hops
        self.tokens = tokens
    }

    package var tokenCount: Int { tokens.reduce(0) { $0 + $1.count } }
    /// Once every slot is full.
    package var byteCount: UInt64 {
        UInt64(
            clamping: keysAndValues.values.reduce(0) { $0 + $1.byteCount }
                + hops.values.reduce(0) { $0 + $1.byteCount })
    }
    package var layerCount: Int { keysAndValues.count }

    /// What a stage of `layers` has use for; everything else is let go of.
    ///
    /// - Parameter room: bytes that the stage leaves free: hops within it, which it needs only until it has caught up,
    ///   are kept in them or not at all.
    /// - Returns: `nil` if it has no use for anything.
    package func claimed(
        by layers: LayerRange, of model: ModelDescription, _ settings: StageSettings, room: UInt64
    ) -> KeptStates? {
        guard settings.keepsStates, model == self.model, settings.cache == shape else { return nil }
        var claimed = self
        claimed.keysAndValues = keysAndValues.filter { (layers.first..<layers.end).contains($0.key) }
        let hopsByteCount = UInt64(
            clamping: tokenCount * HopLayout.byteCountPerToken(hidden: model.hiddenSize))
        claimed.hops = hops.filter { boundary, _ in
            boundary == layers.end
                || boundary > layers.first && boundary < layers.end && hopsByteCount <= room
        }
        return claimed.keysAndValues.isEmpty || tokenCount == 0 ? nil : claimed
    }

    /// What it takes beyond that of a stage of `layers` without it: hops within the stage, once its tokens are there.
    package func extraByteCount(of layers: LayerRange) -> UInt64 {
        let hopsByteCount = tokenCount * HopLayout.byteCountPerToken(hidden: model.hiddenSize)
        return UInt64(clamping: hops.keys.count { $0 != layers.end } * hopsByteCount)
    }
}
