// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import CTernary

/// The weights of one transformer layer, ready for the kernels.
struct LayerWeights: Sendable {
    let attentionNorm: FloatTable
    /// Families with norms of heads only.
    let queryNorm: FloatTable?
    /// Families with norms of heads only.
    let keyNorm: FloatTable?
    let query: TernaryMatrix
    let key: TernaryMatrix
    let value: TernaryMatrix
    /// Families with sub-norms only.
    let attentionSubNorm: FloatTable?
    let attentionOutput: TernaryMatrix
    let feedForwardNorm: FloatTable
    let gate: TernaryMatrix
    let up: TernaryMatrix
    /// Families with sub-norms only.
    let feedForwardSubNorm: FloatTable?
    let down: TernaryMatrix

    /// - Parameters:
    ///   - tensors: of the shapes and encodings that the model's layers have.
    ///   - group: in which activations are quantised.
    /// - Throws: ``EngineError`` if a matrix holds bytes that are no trits, or there is no memory.
    init(
        _ tensors: PartTensors, group: Int, kernels: Kernels, pool: ComputePool
    ) throws(EngineError) {
        func norm(_ role: TensorRole) throws(EngineError) -> FloatTable {
            try FloatTable(copying: tensors[role], place: tensors.place(role), pool: pool)
        }
        func matrix(_ role: TensorRole) throws(EngineError) -> TernaryMatrix {
            try TernaryMatrix(
                tensors[role], group: group, kernels: kernels, pool: pool, place: tensors.place(role))
        }
        attentionNorm = try norm(.attentionNorm)
        queryNorm = tensors.has(.queryNorm) ? try norm(.queryNorm) : nil
        keyNorm = tensors.has(.keyNorm) ? try norm(.keyNorm) : nil
        query = try matrix(.query)
        key = try matrix(.key)
        value = try matrix(.value)
        attentionSubNorm = tensors.has(.attentionSubNorm) ? try norm(.attentionSubNorm) : nil
        attentionOutput = try matrix(.attentionOutput)
        feedForwardNorm = try norm(.feedForwardNorm)
        gate = try matrix(.gate)
        up = try matrix(.up)
        feedForwardSubNorm = tensors.has(.feedForwardSubNorm) ? try norm(.feedForwardSubNorm) : nil
        down = try matrix(.down)
    }

    var byteCount: UInt64 {
        let matrices = [query, key, value, attentionOutput, gate, up, down].reduce(0) { $0 + $1.byteCount }
        let norms = [
            attentionNorm, queryNorm, keyNorm, attentionSubNorm, feedForwardNorm, feedForwardSubNorm,
        ]
        .reduce(0) { $0 + ($1?.byteCount ?? 0) }
        return UInt64(matrices + norms)
    }
}
