// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetFormats

/// The weights of one stage, built part by part, so that a worker can free one part file before it reads
/// the next.
package struct StageWeights: Sendable {
    package let model: ModelDescription
    package let layers: LayerRange
    package let kernels: Kernels
    package internal(set) var headType: HeadType

    var layerWeights: [LayerWeights?]
    var embedding: VocabularyTable?
    var outputNorm: FloatTable?
    var head: VocabularyTable?
    /// Of a last stage with the fast head.
    var fastHead: FastHead?

    /// - Throws: ``EngineError`` with code `invalidConfiguration` if the model cannot be run or has not
    ///   these layers.
    package init(
        model: ModelDescription, layers: LayerRange, kernels: Kernels, headType: HeadType = .exact
    ) throws(EngineError) {
        if let invalidity = model.invalidity {
            throw EngineError(.invalidConfiguration, "model \(model.name) cannot be run: \(invalidity)")
        }
        guard layers.end <= model.layerCount else {
            throw EngineError(
                .invalidConfiguration,
                "layers \(layers) asked for, but model \(model.name) has \(model.layerCount) layers")
        }
        self.model = model
        self.layers = layers
        self.kernels = kernels
        self.headType = headType
        layerWeights = Array(repeating: nil, count: layers.count)
    }

    package var isFirstStage: Bool { layers.first == 0 }
    package var isLastStage: Bool { layers.end == model.layerCount }

    /// The parts that are not loaded yet, in manifest order.
    package var missingParts: [PartReference.Kind] {
        ShardManifest.kinds(layers: layers, of: model).filter { kind in
            switch kind {
            case .embedding: embedding == nil
            case .layer(let index): layerWeights[index - layers.first] == nil
            case .outputNorm: outputNorm == nil
            case .head: head == nil
            }
        }
    }

    /// Checks one part against the model description and copies it into the resident layout.
    ///
    /// The part's bytes are not needed afterwards. A tied head whose embedding is already loaded shares
    /// the embedding's memory.
    ///
    /// - Throws: ``EngineError`` naming part, role, what was expected and what was found.
    package mutating func load(
        kind: PartReference.Kind, part: PartView, pool: ComputePool
    ) throws(EngineError) {
        guard missingParts.contains(kind) else {
            throw EngineError(
                .invalidPart,
                "the part \(kind) does not belong to a stage of layers \(layers), or is loaded twice")
        }
        let tensors = try PartTensors(part, kind: kind, of: model)
        func table(_ role: TensorRole) throws(EngineError) -> VocabularyTable {
            try VocabularyTable(
                tensors[role], group: model.activationGroup, kernels: kernels, pool: pool,
                place: tensors.place(role))
        }
        switch kind {
        case .embedding: embedding = try table(.embedding)
        case .layer(let index):
            layerWeights[index - layers.first] = try LayerWeights(
                tensors, group: model.activationGroup, kernels: kernels, pool: pool)
        case .outputNorm:
            outputNorm = try FloatTable(
                copying: tensors[.outputNorm], place: tensors.place(.outputNorm), pool: pool)
        case .head:
            // A tied head is the embedding's part file, role and all.
            if model.hasTiedHead {
                if let embedding { head = embedding } else { head = try table(.embedding) }
            } else {
                head = try table(.head)
            }
            try prepareHead(pool)
        }
    }

    private mutating func prepareHead(_ pool: ComputePool) throws(EngineError) {
        switch head {
        case .floats(let table) where headType == .fast:
            fastHead = try FastHead(
                table, rows: model.vocabularySize, columns: model.hiddenSize, kernels: kernels, pool: pool)
        // There is nothing faster than a ternary head itself.
        case .ternary: headType = .exact
        default: break
        }
    }

    /// Resident bytes of what is loaded; a shared table counts once.
    package var byteCount: UInt64 {
        var sum = layerWeights.reduce(0) { $0 + ($1?.byteCount ?? 0) }
        sum += UInt64(embedding?.byteCount ?? 0)
        sum += UInt64(outputNorm?.byteCount ?? 0)
        if let head, embedding?.isSame(as: head) != true { sum += UInt64(head.byteCount) }
        sum += UInt64(fastHead?.byteCount ?? 0)
        return sum
    }
}
