// SPDX-License-Identifier: MIT

package import BitNetCore

/// What a person may know better than a model file says.
package struct ModelOptions: Equatable, Sendable {
    /// The order of I2_S codes.
    package var i2sLayout = I2SLayout.a
    /// Quantises matrices of full precision to trits (absmean), as a checkpoint's own code does while it runs.
    package var quantisesMasters = false
    /// The activation, which no published GGUF records; by family if `nil`.
    package var activation: ModelDescription.Activation?
    /// Inputs of matrices are not quantised; for models that are not trained with quantised ones.
    package var activationsAreExact = false
    /// The rules by which text is cut before byte pairs merge, by GGUF name; the file's if `nil`.
    package var preTokenizer: String?

    package init() {}
}
