// SPDX-License-Identifier: MIT
package import BitNetCore

/// The weights of one part as a stage has them in memory; another stage of the same kernels can share them.
package struct ResidentPart: Sendable {
    enum Weights {
        case embedding(VocabularyTable)
        case layer(LayerWeights)
        case outputNorm(FloatTable)
        case head(VocabularyTable, FastHead?)
    }

    let weights: Weights
    /// In which the activations are quantised that its matrices are laid out for.
    let group: Int
}

extension StageWeights {
    /// A part that is loaded.
    package func resident(_ kind: PartReference.Kind) -> ResidentPart? {
        let weights: ResidentPart.Weights? =
            switch kind {
            case .embedding: embedding.map { .embedding($0) }
            case .layer(let index):
                index >= layers.first && index < layers.end
                    ? layerWeights[index - layers.first].map { .layer($0) } : nil
            case .outputNorm: outputNorm.map { .outputNorm($0) }
            case .head: head.map { .head($0, fastHead) }
            }
        return weights.map { ResidentPart(weights: $0, group: model.activationGroup) }
    }

    /// Takes a part over instead of loading it.
    ///
    /// - Parameter part: has been loaded from the same bytes for the same kernels.
    /// - Returns: whether it can be used; one that would take more memory than loading it cannot.
    package mutating func adopt(_ part: ResidentPart, as kind: PartReference.Kind) -> Bool {
        guard missingParts.contains(kind), part.group == model.activationGroup else { return false }
        switch (kind, part.weights) {
        case (.embedding, .embedding(let table)): embedding = table
        case (.layer(let index), .layer(let weights)): layerWeights[index - layers.first] = weights
        case (.outputNorm, .outputNorm(let table)): outputNorm = table
        case (.head, .head(let table, let fast)):
            // A stage with both has a tied table once.
            let isShared = !(model.hasTiedHead && isFirstStage) || embedding?.isSame(as: table) == true
            if case .ternary = table { headType = .exact }
            guard isShared, headType != .fast || fast != nil else { return false }
            head = table
            fastHead = headType == .fast ? fast : nil
        default: return false
        }
        return true
    }
}
