// SPDX-License-Identifier: MIT
package import BitNetCore

/// The weights of one part as a stage has them in memory; another stage of the same kernels can share them.
package struct ResidentPart: Sendable {
    enum Weights {
        case embedding(FloatTable)
        case layer(LayerWeights)
        case outputNorm(FloatTable)
        case head(FloatTable, FastHead?)
    }

    let weights: Weights
}

extension StageWeights {
    /// A part that is loaded.
    package func resident(_ kind: PartReference.Kind) -> ResidentPart? {
        switch kind {
        case .embedding: embedding.map { ResidentPart(weights: .embedding($0)) }
        case .layer(let index):
            index >= layers.first && index < layers.end
                ? layerWeights[index - layers.first].map { ResidentPart(weights: .layer($0)) } : nil
        case .outputNorm: outputNorm.map { ResidentPart(weights: .outputNorm($0)) }
        case .head: head.map { ResidentPart(weights: .head($0, fastHead)) }
        }
    }

    /// Takes a part over instead of loading it.
    ///
    /// - Parameter part: has been loaded from the same bytes for the same kernels.
    /// - Returns: whether it can be used; one that would take more memory than loading it cannot.
    package mutating func adopt(_ part: ResidentPart, as kind: PartReference.Kind) -> Bool {
        guard missingParts.contains(kind) else { return false }
        switch (kind, part.weights) {
        case (.embedding, .embedding(let table)): embedding = table
        case (.layer(let index), .layer(let weights)): layerWeights[index - layers.first] = weights
        case (.outputNorm, .outputNorm(let table)): outputNorm = table
        case (.head, .head(let table, let fast)):
            // A stage with both has a tied table once.
            let isShared = !(model.hasTiedHead && isFirstStage) || table.memory === embedding?.memory
            guard isShared, headType != .fast || fast != nil else { return false }
            head = table
            fastHead = headType == .fast ? fast : nil
        default: return false
        }
        return true
    }
}
