// SPDX-License-Identifier: MIT

package import BitNetCore

/// What a model's parts cost on the wire and in memory, in bytes.
package struct ModelCost: Equatable, Sendable {
    /// Wire bytes of each layer, in order.
    package var layerByteCounts: [UInt64]
    package var embeddingByteCount: UInt64
    package var outputNormByteCount: UInt64
    package var headByteCount: UInt64
    /// The head is the embedding's file: a stage that has both is sent it once.
    package var headSharesEmbedding: Bool
    /// What is counted on where a worker has no figures of its own; without any, memory limits no plan.
    package var memory: MemoryCost
    /// Layers of a segment: a model is divided between segments only.
    package var segmentLayers: Int

    package init(
        layerByteCounts: [UInt64], embeddingByteCount: UInt64, outputNormByteCount: UInt64,
        headByteCount: UInt64, headSharesEmbedding: Bool, memory: MemoryCost = MemoryCost(),
        segmentLayers: Int = 1
    ) {
        self.layerByteCounts = layerByteCounts
        self.embeddingByteCount = embeddingByteCount
        self.outputNormByteCount = outputNormByteCount
        self.headByteCount = headByteCount
        self.headSharesEmbedding = headSharesEmbedding
        self.memory = memory
        self.segmentLayers = segmentLayers
    }

    /// Bytes that a stage of these layers reads for each decoded token, the KV cache not counted.
    ///
    /// - Precondition: the cost has no invalidity and the layers are the model's.
    package func readByteCount(of layers: LayerRange) -> UInt64 {
        StageCosts(self).readByteCount(layers.first, layers.end)
    }

    /// Why no plan can be made of these figures, or `nil`.
    package var invalidity: String? {
        guard (1...Limits.layersMax).contains(layerByteCounts.count) else {
            return "the model has \(layerByteCounts.count) layers, expected 1...\(Limits.layersMax)"
        }
        let figures =
            layerByteCounts + [
                embeddingByteCount, outputNormByteCount, headByteCount,
            ]
        guard let largest = figures.max(), largest > Limits.plannedBytesMax else { return memory.invalidity }
        return "a part of the model takes \(largest) bytes; at most \(Limits.plannedBytesMax) are planned for"
    }
}

/// What any stage costs, from sums made once.
///
/// - Precondition: the cost has no invalidity, so that nothing overflows.
struct StageCosts {
    let cost: ModelCost
    let layerCount: Int
    /// Of each segment but the last, which may have fewer.
    let segmentLayers: Int
    private let sums: [UInt64]

    init(_ cost: ModelCost) {
        self.cost = cost
        layerCount = cost.layerByteCounts.count
        segmentLayers = min(max(cost.segmentLayers, 1), max(layerCount, 1))
        var sums: [UInt64] = [0]
        for byteCount in cost.layerByteCounts { sums.append(sums[sums.count - 1] + byteCount) }
        self.sums = sums
    }

    /// Bytes that a worker needs on disk for the layers `first ..< end`.
    func wireByteCount(_ first: Int, _ end: Int) -> UInt64 {
        var total = sums[end] - sums[first]
        if first == 0 { total += cost.embeddingByteCount }
        if end == layerCount {
            total += cost.outputNormByteCount
            if first > 0 || !cost.headSharesEmbedding { total += cost.headByteCount }
        }
        return total
    }

    /// Bytes that a stage reads for each decoded token: its layers and the head, but one row only of the
    /// embedding.
    ///
    /// Decoding is bound by them, so they are what a division balances.
    func readByteCount(_ first: Int, _ end: Int) -> UInt64 {
        sums[end] - sums[first] + (end == layerCount ? cost.outputNormByteCount + cost.headByteCount : 0)
    }

    /// Bytes that `worker` needs in memory for the layers `first ..< end`.
    func memoryByteCount(_ worker: WorkerOffer, _ first: Int, _ end: Int) -> UInt64 {
        (worker.memoryCost ?? cost.memory).byteCount(
            layers: end - first, isFirst: first == 0, isLast: end == layerCount)
    }
}
