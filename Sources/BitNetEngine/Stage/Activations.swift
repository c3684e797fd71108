// SPDX-License-Identifier: MIT
import BitNetCore
import CTernary

/// The int8 activations of one step's matrix input, reused from matrix to matrix.
final class Activations {
    let handle: OpaquePointer

    /// - Throws: ``EngineError`` with code `outOfMemory`.
    init(kernels: Kernels, model: ModelDescription, tokensPerStepMax: Int) throws(EngineError) {
        let columns = Self.columns(of: model)
        guard let handle = bn_activations_create(kernels.table, 2, tokensPerStepMax, columns) else {
            throw EngineError(
                .outOfMemory, "cannot allocate the int8 activations of \(tokensPerStepMax) tokens")
        }
        self.handle = handle
    }

    deinit {
        bn_activations_destroy(handle)
    }

    /// Bytes that the codes, their copy in the kernels' order and two numbers for each token take at most.
    ///
    /// The copy's size differs between kernels; AVX2's, two bytes a column, is the largest for a batch.
    static func byteCount(model: ModelDescription, tokensPerStepMax: Int) -> UInt64 {
        let columns = columns(of: model).roundedUp(to: 64)
        let codes = columns + 128
        let arranged = 2 * columns
        return UInt64(tokensPerStepMax * (codes + arranged + 2 * MemoryLayout<Float>.size))
    }

    private static func columns(of model: ModelDescription) -> Int {
        max(model.hiddenSize, model.querySize, model.feedForwardSize)
    }
}
