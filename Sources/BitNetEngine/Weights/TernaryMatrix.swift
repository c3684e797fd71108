// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import CTernary

/// A ternary matrix `[rows, columns]` in the layout that its kernels want.
///
/// Safety: `@unchecked Sendable` because it is never written after `init`.
final class TernaryMatrix: @unchecked Sendable {
    let handle: OpaquePointer

    /// Lays out `tensor`, which must hold T5 rows of the shape that the caller has checked.
    ///
    /// - Throws: ``EngineError`` naming `place` and the first bad byte.
    init(_ tensor: TensorView, kernels: Kernels, pool: ComputePool, place: String) throws(EngineError) {
        guard let handle = bn_matrix_create(kernels.table, tensor.rows, tensor.columns, tensor.scale) else {
            throw EngineError(
                .outOfMemory,
                "cannot allocate \(place), \(tensor.rows) × \(tensor.columns) weights; "
                    + "give this worker fewer layers")
        }
        var badOffset = 0
        let status = bn_matrix_fill(
            handle, pool.handle, tensor.bytes.assumingMemoryBound(to: UInt8.self).baseAddress, &badOffset)
        guard status == BN_OK else {
            bn_matrix_destroy(handle)
            throw status == BN_NO_MEMORY
                ? EngineError(.outOfMemory, "no memory to lay out \(place)")
                : EngineError(
                    .invalidPart,
                    "\(place) holds a byte that is no five trits, at offset \(badOffset) of the tensor; "
                        + "fetch the part again or check the model file")
        }
        self.handle = handle
    }

    deinit {
        bn_matrix_destroy(handle)
    }

    var byteCount: Int { bn_matrix_byte_count(handle) }
}
