// SPDX-License-Identifier: MIT

package import BitNetCore

/// Memory that the parts of a model take on one worker, in bytes.
package struct MemoryCost: Equatable, Sendable {
    /// One layer: resident weights and KV cache.
    package var perLayer: UInt64
    /// What the first stage takes besides its layers.
    package var forFirst: UInt64
    /// What the last stage takes besides its layers.
    package var forLast: UInt64
    /// What every stage takes besides its layers (scratch).
    package var perStage: UInt64
    /// What a stage takes besides that hands on what it computes (hops that are kept).
    package var perHop: UInt64
    /// What a stage that is both first and last takes but once: a tied head; at most what either takes.
    package var shared: UInt64

    package init(
        perLayer: UInt64 = 0, forFirst: UInt64 = 0, forLast: UInt64 = 0, perStage: UInt64 = 0,
        perHop: UInt64 = 0, shared: UInt64 = 0
    ) {
        self.perLayer = perLayer
        self.forFirst = forFirst
        self.forLast = forLast
        self.perStage = perStage
        self.perHop = perHop
        self.shared = min(shared, forFirst, forLast)
    }

    /// From the account of a model on one machine.
    ///
    /// - Parameter layerWeights: what the worker says of one layer's weights; `nil` for what is accounted.
    package init(_ account: MemoryAccount, layerWeights: UInt64? = nil) {
        let perStage = account.scratchByteCount(isLast: false)
        self.init(
            perLayer: (layerWeights ?? account.layerWeightByteCount) + account.layerCacheByteCount,
            forFirst: account.embeddingByteCount,
            forLast: account.outputByteCount + account.scratchByteCount(isLast: true) - perStage,
            perStage: perStage, perHop: account.hopsByteCount, shared: account.sharedByteCount)
    }

    /// Why no plan can be made of these figures, or `nil`.
    package var invalidity: String? {
        let largest = max(perLayer, forFirst, forLast, perStage, perHop)
        guard largest > Limits.plannedBytesMax else { return nil }
        return "a part of the model takes \(largest) bytes; at most \(Limits.plannedBytesMax) are planned for"
    }

    /// Memory of a stage.
    ///
    /// - Precondition: no invalidity, so that nothing overflows.
    func byteCount(layers layerCount: Int, isFirst: Bool, isLast: Bool) -> UInt64 {
        var total = UInt64(clamping: layerCount) * perLayer + perStage
        if isFirst { total += forFirst }
        total += isLast ? forLast : perHop
        return isFirst && isLast ? total - shared : total
    }
}
