// SPDX-License-Identifier: MIT
import BitNetCore
import CTernary

/// The int8 activations of one step's matrix input, reused from matrix to matrix.
final class Activations {
    let handle: OpaquePointer

    /// - Throws: ``EngineError`` with code `outOfMemory`.
    init(
        kernels: Kernels, model: ModelDescription, threadCount: Int, tokensPerStepMax: Int
    ) throws(EngineError) {
        let columns = Self.columns(of: model)
        guard
            let handle = bn_activations_create(
                kernels.table, kernels.dotTokensMin, threadCount, tokensPerStepMax, columns)
        else {
            throw EngineError(
                .outOfMemory, "cannot allocate the int8 activations of \(tokensPerStepMax) tokens")
        }
        self.handle = handle
    }

    deinit {
        bn_activations_destroy(handle)
    }

    /// Bytes that these take: the codes, their copies in the kernels' orders and two numbers for each token.
    static func byteCount(
        kernels: Kernels, model: ModelDescription, threadCount: Int, tokensPerStepMax: Int
    ) -> UInt64 {
        UInt64(
            bn_activations_byte_count_for(
                kernels.table, kernels.dotTokensMin, threadCount, tokensPerStepMax, columns(of: model)))
    }

    private static func columns(of model: ModelDescription) -> Int {
        max(model.hiddenSize, model.querySize, model.feedForwardSize)
    }
}
