// SPDX-License-Identifier: MIT

/// The model classes that can be run, by the name of their class in `config.json`.
///
/// The spelling of the first two is all that tells them apart.
enum HuggingFaceFamily: String, CaseIterable {
    /// Microsoft's 2B-4T.
    case microsoft = "BitNetForCausalLM"
    /// 1bitLLM's models, whose own code quantises full-precision weights on each pass.
    case oneBitLLM = "BitnetForCausalLM"
    /// Llama-shaped models with a `quantization_config` (Falcon3, Falcon-E, Llama3-8B-1.58).
    case llama = "LlamaForCausalLM"
    /// Dense weights that are ternary by group (Bonsai).
    case qwen3 = "Qwen3ForCausalLM"
    /// The same (BitCPM).
    case miniCPM = "MiniCPMForCausalLM"

    /// Activation where the configuration names none.
    var defaultActivation: String { self == .microsoft ? "relu2" : "silu" }

    var hasSubNorms: Bool { self == .microsoft || self == .oneBitLLM }

    /// Whether such models are trained with activations of full precision.
    var isWeightOnly: Bool { self == .qwen3 || self == .miniCPM }
}
