// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import CTernary
import Testing

/// A layer's weights as plain numbers, for `bn_reference_layer_forward`, with the keys and values of one sequence.
final class PlainLayer {
    private let model: ModelDescription
    private var layer = bn_reference_layer()
    private var weights: [UnsafeMutableBufferPointer<Int8>] = []
    private var gains: [UnsafeMutableBufferPointer<Float>] = []
    /// `[context, keyValueHeadCount, headSize]`.
    private var keys: [Float]
    private var values: [Float]
    private var scratch: [Float] = []

    init(_ part: PartView, of model: ModelDescription, context: Int) throws {
        self.model = model
        keys = Array(repeating: .nan, count: context * model.keyValueSize)
        values = keys
        layer.attention_norm = try gain(part, .attentionNorm)
        layer.query = try matrix(part, .query)
        layer.key = try matrix(part, .key)
        layer.value = try matrix(part, .value)
        layer.attention_output = try matrix(part, .attentionOutput)
        layer.feed_forward_norm = try gain(part, .feedForwardNorm)
        layer.gate = try matrix(part, .gate)
        layer.up = try matrix(part, .up)
        layer.down = try matrix(part, .down)
        if model.hasSubNorms {
            layer.attention_sub_norm = try gain(part, .attentionSubNorm)
            layer.feed_forward_sub_norm = try gain(part, .feedForwardSubNorm)
        }
        layer.head_size = model.headSize
        layer.norm_epsilon = model.normEpsilon
        layer.squared_relu = model.activation == .squaredReLU
        layer.adjacent_pairs = model.rotaryPairing == .adjacent
        scratch = Array(repeating: .nan, count: bn_reference_scratch_count(&layer))
    }

    deinit {
        for buffer in weights { buffer.deallocate() }
        for buffer in gains { buffer.deallocate() }
    }

    /// Takes `x` [hidden] of the next position through the layer.
    func forward(_ x: inout [Float], position: Int, cosines: [Float], sines: [Float]) {
        bn_reference_layer_forward(&layer, &x, &keys, &values, position, cosines, sines, &scratch)
    }

    private func gain(_ part: PartView, _ role: TensorRole) throws -> UnsafePointer<Float> {
        let tensor = try #require(part.tensors[role])
        try #require(tensor.encoding == .float32)
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: tensor.columns)
        gains.append(buffer)
        for column in 0..<tensor.columns {
            let bits = tensor.bytes.loadUnaligned(fromByteOffset: 4 * column, as: UInt32.self)
            buffer.initializeElement(at: column, to: Float(bitPattern: UInt32(littleEndian: bits)))
        }
        return try UnsafePointer(#require(buffer.baseAddress))
    }

    private func matrix(_ part: PartView, _ role: TensorRole) throws -> bn_plain_matrix {
        let tensor = try #require(part.tensors[role])
        let buffer = UnsafeMutableBufferPointer<Int8>.allocate(capacity: tensor.rows * tensor.columns)
        weights.append(buffer)
        for row in 0..<tensor.rows {
            let trits = try #require(T5.trits(tensor.row(row), columns: tensor.columns))
            _ = buffer[(row * tensor.columns)...].initialize(from: trits)
        }
        return bn_plain_matrix(
            weights: buffer.baseAddress, rows: tensor.rows, columns: tensor.columns, scale: tensor.scale)
    }
}
