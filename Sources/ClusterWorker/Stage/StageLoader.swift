// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetEngine
import BitNetFormats

/// Makes a stage from parts, one at a time, so that packed and resident weights are never both whole in memory.
package enum StageLoader {
    /// What a stage needs besides its parts.
    package struct Settings: Sendable {
        package var slotCount: Int
        package var contextLength: Int
        package var cacheType: CacheType
        package var stepTokensMax: Int
        package var threadCount: Int
        package var kernels: Kernels
        package var pinsThreads: Bool
        package var headType: HeadType

        package init(
            slotCount: Int, contextLength: Int, cacheType: CacheType, stepTokensMax: Int, threadCount: Int,
            kernels: Kernels, headType: HeadType, pinsThreads: Bool = false
        ) {
            self.slotCount = slotCount
            self.contextLength = contextLength
            self.cacheType = cacheType
            self.stepTokensMax = stepTokensMax
            self.threadCount = threadCount
            self.kernels = kernels
            self.pinsThreads = pinsThreads
            self.headType = headType
        }
    }

    /// Loads part after part; `part` calls its second argument with the bytes of the part of that kind.
    ///
    /// - Parameter next: chooses one of the parts that may be loaded now; by default the first.
    /// - Returns: a stage that nobody else has.
    /// - Throws: what `part` throws; `EngineError` naming part and tensor.
    package static func load(
        model: ModelDescription, layers: LayerRange, settings: Settings,
        next: ([PartReference.Kind]) throws -> PartReference.Kind = { $0[0] },
        part: (PartReference.Kind, (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws -> Stage {
        let pool = try ComputePool(threadCount: settings.threadCount, pinsThreads: settings.pinsThreads)
        var weights = try StageWeights(
            model: model, layers: layers, kernels: settings.kernels, headType: settings.headType)
        while case let missing = weights.missingParts, !missing.isEmpty {
            // A tied head shares the embedding's memory, once that is there.
            let isHeadLast = model.hasTiedHead && missing.contains(.embedding)
            let kind = try next(isHeadLast ? missing.filter { $0 != .head } : missing)
            try part(kind) { try weights.load(kind: kind, part: PartView(bytes: $0), pool: pool) }
        }
        return try Stage(
            weights: weights,
            cache: CacheShape(
                slots: settings.slotCount, context: settings.contextLength, type: settings.cacheType),
            tokensPerStepMax: settings.stepTokensMax, pool: pool)
    }
}
