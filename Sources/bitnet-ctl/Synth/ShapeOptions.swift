// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetFormats
import BitNetSynthesis

/// What of a named shape is made different.
struct ShapeOptions: ParsableArguments {
    @Option(help: "Layers.")
    var layers: Int?

    @Option(help: "Channels of the residual stream.")
    var hidden: Int?

    @Option(help: "Channels of the feed-forward network.")
    var ffn: Int?

    @Option(help: "Query heads.")
    var heads: Int?

    @Option(help: "Key and value heads; those of the shape, or as many as --heads says.")
    var kvHeads: Int?

    @Option(help: "Channels of a head; those of the shape, or hidden / heads if one of these is given.")
    var headSize: Int?

    @Option(help: "Tokens of the vocabulary, at least 272.")
    var vocabulary: Int?

    @Option(help: "Tokens of the context.")
    var context: Int?

    @Option(help: "Base of the rotary embedding.")
    var ropeBase: Float?

    @Flag(help: "The embedding is the head.")
    var tied = false

    @Flag(help: "The head is a matrix of its own.")
    var untied = false

    @Option(help: "Weights of a row that share a scale, in qwen3 and minicpm: 64, 128 or 256.")
    var scaleGroup: Int?

    @Option(
        help: """
            Architecture: bitnet-b1.58 (2B-4T), bitnet-25, bitnet (1bitLLM), llama (no sub-norms, pairs of \
            the rotary embedding adjacent in GGUF), qwen3 (norms of heads, a scale for 128 weights) or minicpm \
            (such scales, multipliers).
            """)
    var family: String?

    @Option(help: "Activation: silu or relu2; the family's by default.")
    var activation: String?

    func validate() throws {
        if tied, untied { throw ValidationError("give --tied or --untied, not both") }
    }

    var changes: SyntheticModel.Changes {
        var changes = SyntheticModel.Changes()
        changes.layers = layers
        changes.hidden = hidden
        changes.feedForward = ffn
        changes.heads = heads
        changes.keyValueHeads = kvHeads ?? heads
        changes.headSize = headSize
        changes.vocabulary = vocabulary
        changes.context = context
        changes.ropeBase = ropeBase
        changes.scaleGroup = scaleGroup
        changes.isTied = tied ? true : untied ? false : nil
        changes.family = family
        changes.activation = activation
        return changes
    }
}
