// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import CTernary
import Testing

/// A model whose layers are `bn_reference_layer_forward`; embedding, last norm and head are the scalar kernels'.
struct PlainModel {
    private let model: ModelDescription
    private let parts: PackedModel
    private let kernels: OpaquePointer

    init(_ parts: PackedModel) throws {
        self.parts = parts
        model = parts.description
        kernels = try #require(bn_kernels_for(BN_ISA_SCALAR))
    }

    /// Log-probabilities `[vocabulary]` after each of `ids`.
    func logProbabilities(_ ids: [UInt32]) throws -> [[Float]] {
        let layers = try (0..<model.layerCount).map { index in
            try parts.part(.layer(index)).withView { try PlainLayer($0, of: model, context: ids.count) }
        }
        var cosines = [Float](repeating: 0, count: ids.count * model.headSize / 2)
        var sines = cosines
        bn_rope_table(&cosines, &sines, ids.count, model.headSize, Double(model.ropeBase))
        return try ids.enumerated().map { position, id in
            var x = try embedded(id)
            for layer in layers { layer.forward(&x, position: position, cosines: cosines, sines: sines) }
            return try logProbabilities(after: x)
        }
    }

    private func embedded(_ id: UInt32) throws -> [Float] {
        try parts.part(.embedding).withView { part in
            let table = try #require(part.tensors[.embedding])
            var x = [Float](repeating: 0, count: model.hiddenSize)
            try bn_embed(kernels, nil, &x, table.bytes.baseAddress, table.type, [id], 1, model.hiddenSize)
            return x
        }
    }

    private func logProbabilities(after x: [Float]) throws -> [Float] {
        var normed = x
        try parts.part(.outputNorm).withView { part in
            let gain = try #require(part.tensors[.outputNorm]).bytes.bindMemory(to: Float.self)
            bn_rms_norm(kernels, nil, &normed, x, gain.baseAddress, 1, model.hiddenSize, model.normEpsilon)
        }
        return try parts.part(.head).withView { part in
            let table = try #require(part.tensors[model.hasTiedHead ? .embedding : .head])
            var logits = [Float](repeating: 0, count: model.vocabularySize)
            try bn_head(
                kernels, nil, &logits, normed, table.bytes.baseAddress, table.type, 1, model.vocabularySize,
                model.hiddenSize)
            let total = bn_log_sum_exp(kernels, nil, logits, logits.count)
            return logits.map { Float(Double($0) - total) }
        }
    }
}

extension TensorView {
    /// How the kernels call this encoding.
    fileprivate var type: bn_float_type {
        get throws {
            let types: [TensorEncoding: bn_float_type] = [
                .float32: BN_FLOAT32, .float16: BN_FLOAT16, .bfloat16: BN_BFLOAT16, .q8Zero: BN_Q8_0,
                .q4Zero: BN_Q4_0, .q4K: BN_Q4_K, .q6K: BN_Q6_K,
            ]
            return try #require(types[encoding])
        }
    }
}
