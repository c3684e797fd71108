// SPDX-License-Identifier: MIT
import BitNetCore
import CTernary

/// The int8 activations of one step's matrix input, reused from matrix to matrix.
final class Activations {
    let handle: OpaquePointer
    /// The codes, their copies in the kernels' orders and two numbers for each token and each of its groups.
    let byteCount: Int

    /// - Throws: ``EngineError`` with code `outOfMemory`.
    init(
        kernels: Kernels, model: ModelDescription, threadCount: Int, tokensPerStepMax: Int
    ) throws(EngineError) {
        let columns = Self.columns(of: model)
        guard
            let handle = bn_activations_create(
                kernels.table, kernels.dotTokensMin, threadCount, tokensPerStepMax, columns,
                model.activationGroup)
        else {
            throw EngineError(
                .outOfMemory, "cannot allocate the int8 activations of \(tokensPerStepMax) tokens")
        }
        self.handle = handle
        byteCount = bn_activations_byte_count_for(
            kernels.table, kernels.dotTokensMin, threadCount, tokensPerStepMax, columns, model.activationGroup
        )
    }

    deinit {
        bn_activations_destroy(handle)
    }

    private static func columns(of model: ModelDescription) -> Int {
        max(model.hiddenSize, model.querySize, model.feedForwardSize)
    }
}
