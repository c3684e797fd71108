// SPDX-License-Identifier: MIT
import BitNetCore
import CTernary

/// The int8 activations of one step's matrix input, reused from matrix to matrix.
final class Activations {
    let handle: OpaquePointer

    /// - Throws: ``EngineError`` with code `outOfMemory`.
    init(kernels: Kernels, model: ModelDescription, tokensPerStepMax: Int) throws(EngineError) {
        let columns = Self.columns(of: model)
        guard let handle = bn_activations_create(kernels.table, tokensPerStepMax, columns) else {
            throw EngineError(
                .outOfMemory, "cannot allocate the int8 activations of \(tokensPerStepMax) tokens")
        }
        self.handle = handle
    }

    deinit {
        bn_activations_destroy(handle)
    }

    /// Bytes of the codes and of one scale for each token, to the kernels' alignment.
    static func byteCount(model: ModelDescription, tokensPerStepMax: Int) -> UInt64 {
        UInt64(tokensPerStepMax * (columns(of: model).roundedUp(to: 64) + MemoryLayout<Float>.size))
    }

    private static func columns(of model: ModelDescription) -> Int {
        max(model.hiddenSize, model.querySize, model.feedForwardSize)
    }
}
