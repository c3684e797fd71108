// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import CTernary

/// A ternary matrix `[rows, columns]` in the layout that its kernels want.
///
/// Safety: `@unchecked Sendable` because it is never written after `init`.
final class TernaryMatrix: @unchecked Sendable {
    let handle: OpaquePointer

    /// Lays out `tensor`, which must hold ternary rows of the shape that the caller has checked.
    ///
    /// - Parameter group: in which the model's activations are quantised; 0 for one scale for a token.
    /// - Throws: ``EngineError`` naming `place` and the first bad byte.
    init(
        _ tensor: TensorView, group: Int, kernels: Kernels, pool: ComputePool, place: String
    ) throws(EngineError) {
        guard group == tensor.encoding.scaleGroup ?? group, tensor.columns.isMultiple(of: max(group, 1))
        else {
            throw EngineError(
                .invalidPart,
                "\(place) is written as \(tensor.encoding), which is not multiplied in groups of \(group)")
        }
        guard let handle = Self.create(tensor, group: group, kernels: kernels) else {
            throw EngineError(
                .outOfMemory,
                "cannot allocate \(place), \(tensor.rows) × \(tensor.columns) weights; "
                    + "give this worker fewer layers")
        }
        var badOffset = 0
        let status =
            group > 0 && tensor.encoding == .t5
            ? Self.fill(handle, repeatingScaleOf: tensor, pool: pool, &badOffset)
            : bn_matrix_fill(
                handle, pool.handle, tensor.bytes.assumingMemoryBound(to: UInt8.self).baseAddress, &badOffset)
        guard status == BN_OK else {
            bn_matrix_destroy(handle)
            throw Self.error(status, badOffset: badOffset, place: place)
        }
        self.handle = handle
    }

    private static func create(_ tensor: TensorView, group: Int, kernels: Kernels) -> OpaquePointer? {
        guard group > 0 else {
            return bn_matrix_create(kernels.table, tensor.rows, tensor.columns, tensor.scale)
        }
        let scales =
            tensor.encoding.scaleGroup == nil
            ? BN_SCALE_ROW : tensor.encoding.scaleByteCount == 2 ? BN_SCALE_HALF : BN_SCALE_SINGLE
        return bn_matrix_create_grouped(kernels.table, tensor.rows, tensor.columns, group, scales)
    }

    /// A matrix of one scale is one whose rows all have it.
    private static func fill(
        _ handle: OpaquePointer, repeatingScaleOf tensor: TensorView, pool: ComputePool,
        _ badOffset: inout Int
    ) -> bn_status {
        let rowByteCount = tensor.encoding.rowByteCount(columns: tensor.columns)
        let stride = rowByteCount + MemoryLayout<Float>.size
        let buffer = AlignedBuffer(byteCount: tensor.rows * stride)
        defer { withExtendedLifetime(buffer) {} }
        for row in 0..<tensor.rows {
            let to = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[row * stride..<(row + 1) * stride])
            to.copyMemory(
                from: UnsafeRawBufferPointer(
                    rebasing: tensor.bytes[row * rowByteCount..<(row + 1) * rowByteCount]))
            to.storeBytes(
                of: tensor.scale.bitPattern.littleEndian, toByteOffset: rowByteCount, as: UInt32.self)
        }
        let status = bn_matrix_fill(
            handle, pool.handle, buffer.readOnly.assumingMemoryBound(to: UInt8.self).baseAddress, &badOffset)
        badOffset -= badOffset / stride * MemoryLayout<Float>.size
        return status
    }

    private static func error(_ status: bn_status, badOffset: Int, place: String) -> EngineError {
        guard status != BN_NO_MEMORY else {
            return EngineError(.outOfMemory, "no memory to lay out \(place)")
        }
        let found =
            status == BN_INVALID_SCALE
            ? "a scale that is not finite or below 0" : "a byte that is no five trits"
        return EngineError(
            .invalidPart,
            "\(place) holds \(found), at offset \(badOffset) of the tensor; fetch the part again or check the "
                + "model file")
    }

    deinit {
        bn_matrix_destroy(handle)
    }

    var byteCount: Int { bn_matrix_byte_count(handle) }
}
