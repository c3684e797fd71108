// SPDX-License-Identifier: MIT
package import ArgumentParser
import BitNetCore
package import BitNetFormats

/// What may be known better than a model file says; the same for every program that opens one.
package struct ModelArguments: ParsableArguments {
    @Option(
        help: """
            Order of the weights in an I2_S file, which the file does not tell: a is what published files have, b what \
            ARM builds of late 2025 write, c what x86 builds without ACT_PARALLEL write.
            """)
    package var i2sLayout = I2SLayout.a

    @Flag(help: "Quantise matrices of full precision to -1, 0, 1 (absmean).")
    package var quantizeMasters = false

    @Option(help: ArgumentHelp("Activation of the feed-forward network: relu2 or silu.", valueName: "name"))
    package var activation: String?

    @Option(
        help: """
            Inputs of the matrices: quantised, as the model's family has them, or exact, which is slow and for models that \
            were not trained with int8 activations: what quantising them costs can be measured by it.
            """)
    package var activations = ActivationPrecision.quantised

    @Option(
        help: ArgumentHelp(
            "Rules that cut text before tokens are formed, by their GGUF name.", valueName: "name"))
    package var preTokenizer: String?

    package init() {}

    package func validate() throws {
        if let activation, ModelDescription.Activation(named: activation) == nil {
            throw ValidationError("--activation must be relu2 or silu")
        }
    }

    package var options: ModelOptions {
        var options = ModelOptions()
        options.i2sLayout = i2sLayout
        options.quantisesMasters = quantizeMasters
        options.activation = activation.flatMap(ModelDescription.Activation.init(named:))
        options.activationsAreExact = activations == .exact
        options.preTokenizer = preTokenizer
        return options
    }
}

extension I2SLayout: ExpressibleByArgument {}

/// Whether inputs of matrices are quantised.
package enum ActivationPrecision: String, CaseIterable, ExpressibleByArgument, Sendable {
    case quantised, exact
}
