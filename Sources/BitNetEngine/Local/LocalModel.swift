// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetFormats

/// All stages of a model in this process, run one after the other: the reference for a cluster with the
/// same cuts, for tests and tools.
///
/// Not concurrent: use it from one thread at a time.
package final class LocalModel {
    package let stages: [Stage]
    private let hops: [AlignedBuffer]

    /// - Parameter stages: all stages of one model in order.
    package init(stages: [Stage]) {
        self.stages = stages
        hops = stages.dropLast().map { stage in
            AlignedBuffer(byteCount: stage.hopByteCount(tokens: stage.tokensPerStepMax))
        }
    }

    /// Loads and sets up every stage.
    ///
    /// - Parameters:
    ///   - cuts: the layers before which the model is cut, ascending.
    ///   - segmentLayers: as in ``StageSettings``.
    ///   - pack: gives each part that a stage asks for.
    /// - Throws: ``EngineError``, ``LayerCutError``, or what `pack` throws.
    package convenience init(
        model: ModelDescription, cuts: [Int] = [], cache: CacheShape, tokensPerStepMax: Int = 64,
        pool: ComputePool, kernels: Kernels, headType: HeadType = .exact,
        segmentLayers: Int = 0,
        pack: (PartReference.Kind) throws -> PackedPart
    ) throws {
        let settings = StageSettings(
            cache: cache, stepTokensMax: tokensPerStepMax, headType: headType, segmentLayers: segmentLayers)
        self.init(
            stages: try LayerRange.cut(layerCount: model.layerCount, before: cuts).map { layers in
                try StageLoader.load(
                    model: model, layers: layers, settings: settings, kernels: kernels, pool: pool
                ) { kind, body in try pack(kind).withBytes(body) }
            })
    }

    /// Packs, loads and sets up every stage of a model file.
    ///
    /// - Throws: ``EngineError``, ``LayerCutError``, or the file's errors.
    package convenience init(
        file: ModelFile, cuts: [Int] = [], cache: CacheShape, tokensPerStepMax: Int = 64,
        pool: ComputePool, kernels: Kernels
    ) throws {
        try self.init(
            model: file.description, cuts: cuts, cache: cache, tokensPerStepMax: tokensPerStepMax,
            pool: pool, kernels: kernels
        ) { try file.pack($0) }
    }

    package func open(
        slot: UInt32, sampling: SamplingParameters = .init(), promptTokenCount: UInt32 = 0,
        prefix: SharedPrefix? = nil
    ) throws(StageError) {
        for stage in stages {
            try stage.open(
                slot: slot, sampling: sampling, promptTokenCount: promptTokenCount, prefix: prefix)
        }
    }

    package func close(slot: UInt32) {
        for stage in stages { stage.close(slot: slot) }
    }

    /// Runs one step through all stages.
    package func forward(_ step: Step) throws(StageError) -> [StepResult] {
        let hop = try runAllButLast(step)
        return try stages.last?.forward(step, hop: hop, output: nil) ?? []
    }

    /// As `forward`, but returns all log-probabilities `[vocabulary]` of each entry that wants output.
    package func logProbabilities(_ step: Step) throws(StageError) -> [[Float]] {
        let hop = try runAllButLast(step)
        return try stages.last?.logProbabilities(step, hop: hop) ?? []
    }

    /// - Returns: the hop into the last stage, `nil` if it is also the first.
    private func runAllButLast(_ step: Step) throws(StageError) -> UnsafeRawBufferPointer? {
        var hop: UnsafeRawBufferPointer?
        for (stage, buffer) in zip(stages, hops) {
            _ = try stage.forward(step, hop: hop, output: buffer.bytes)
            let byteCount = stage.hopByteCount(tokens: step.entries.count)
            hop = UnsafeRawBufferPointer(rebasing: buffer.readOnly[..<byteCount])
        }
        return hop
    }
}
