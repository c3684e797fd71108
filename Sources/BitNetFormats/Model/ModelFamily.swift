// SPDX-License-Identifier: MIT

package import BitNetCore

/// What a GGUF's architecture name says about the forward pass, beyond the shapes.
///
/// No published file records the activation, and the same weights are published under several names.
package enum ModelFamily: String, CaseIterable {
    /// Microsoft's 2B-4T and everything converted like it.
    case bitnetB158 = "bitnet-b1.58"
    /// The first upload of 2B-4T.
    case bitnet25 = "bitnet-25"
    /// 1bitLLM's models; also later conversions of 2B-4T.
    case bitnet = "bitnet"
    /// Llama-shaped models with ternary matrices (Falcon3, Llama3-8B-1.58).
    case llama = "llama"
    /// Qwen3-shaped models with scales by group (Bonsai).
    case qwen3 = "qwen3"
    /// MiniCPM-shaped ones (BitCPM).
    case miniCPM = "minicpm"

    /// Converters permute the query and key rows of `llama` and `minicpm` files for adjacent pairs, and of no others.
    package var rotaryPairing: ModelDescription.RotaryPairing {
        switch self {
        case .llama, .miniCPM: .adjacent
        case .bitnetB158, .bitnet25, .bitnet, .qwen3: .halves
        }
    }

    /// RMSNorm before the output projection and before the down projection.
    package var hasSubNorms: Bool {
        switch self {
        case .bitnetB158, .bitnet25, .bitnet: true
        case .llama, .qwen3, .miniCPM: false
        }
    }

    /// Whether such models are trained with activations of full precision.
    package var isWeightOnly: Bool {
        switch self {
        case .qwen3, .miniCPM: true
        case .bitnetB158, .bitnet25, .bitnet, .llama: false
        }
    }

    /// The activation that the file names with its `hidden_activation` key, or else the family's.
    ///
    /// - Returns: `nil` if the name is not an activation that can be run.
    package func activation(named: String?, shape: ModelDescription) -> ModelDescription.Activation? {
        if let named { return ModelDescription.Activation(named: named) }
        return switch self {
        case .bitnetB158, .bitnet25: .squaredReLU
        case .bitnet: Self.has2B4TShape(shape) ? .squaredReLU : .siLU
        case .llama, .qwen3, .miniCPM: .siLU
        }
    }

    /// The one model of family A whose files also go under the name of family B.
    private static func has2B4TShape(_ shape: ModelDescription) -> Bool {
        shape.layerCount == 30 && shape.hiddenSize == 2560 && shape.feedForwardSize == 6912
            && shape.headCount == 20 && shape.keyValueHeadCount == 5 && shape.vocabularySize == 128_256
    }
}

extension ModelDescription.Activation {
    /// By the names that Transformers and GGUF files use.
    package init?(named name: String) {
        switch name {
        case "relu2", "relu_squared": self = .squaredReLU
        case "silu", "swish": self = .siLU
        default: return nil
        }
    }
}

extension ModelDescription {
    /// `text` cut at a character to what a description may hold as its name.
    static func name(from text: String) -> String {
        var name = ""
        for character in text {
            guard name.utf8.count + character.utf8.count <= Limits.nameBytesMax else { break }
            name.append(character)
        }
        return name
    }
}
