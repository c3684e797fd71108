// SPDX-License-Identifier: MIT
package import BitNetCore
import BitNetFormats

/// Makes a stage from parts, one at a time, so that packed and resident weights are never both whole in memory.
package enum StageLoader {
    /// Loads part after part; `part` calls its second argument with the bytes of the part of that kind.
    ///
    /// - Parameters:
    ///   - pool: used by the stage from here on.
    ///   - resident: parts that are in memory already, and are shared.
    ///   - kept: what an earlier stage has left of sequences, as claimed for these layers.
    ///   - next: chooses one of the parts that may be loaded now; by default the first.
    /// - Returns: a stage that nobody else has.
    /// - Throws: what `part` throws; ``EngineError`` naming part and tensor.
    package static func load(
        model: ModelDescription, layers: LayerRange, settings: StageSettings, kernels: Kernels,
        pool: ComputePool, resident: [PartReference.Kind: ResidentPart] = [:], kept: KeptStates? = nil,
        next: ([PartReference.Kind]) throws -> PartReference.Kind = { $0[0] },
        part: (PartReference.Kind, (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws -> Stage {
        var weights = try StageWeights(
            model: model, layers: layers, kernels: kernels, headType: settings.headType)
        while case let missing = weights.missingParts, !missing.isEmpty {
            // A tied head shares the embedding's memory, once that is there.
            let isHeadLast = model.hasTiedHead && missing.contains(.embedding)
            let loadable = isHeadLast ? missing.filter { $0 != .head } : missing
            let isAdopted = loadable.contains { kind in
                resident[kind].map { weights.adopt($0, as: kind) } ?? false
            }
            guard !isAdopted else { continue }
            let kind = try next(loadable)
            try part(kind) { try weights.load(kind: kind, part: PartView(bytes: $0), pool: pool) }
        }
        return try Stage(
            weights: weights, cache: settings.cache, tokensPerStepMax: settings.stepTokensMax,
            segmentLayers: settings.segmentLayers, keepsStates: settings.keepsStates, kept: kept, pool: pool)
    }
}
