// SPDX-License-Identifier: MIT
package import BitNetCore
import BitNetEngine
import BitNetFormats
import BitNetTokenizer

extension Inspection {
    /// For programs.
    package var json: JSONValue {
        .object([
            ("path", .text(path)), ("name", .text(description.name)),
            ("container", .text(container)), ("architecture", .text(architecture)),
            ("synthetic", .flag(isSynthetic)),
            ("parameters", .integer(Int(clamping: parameterCount))), ("shape", shape),
            ("bytes", .integer(Int(clamping: byteCount))),
            ("ternary", ternaryObject), ("types", .list(types.map(Self.object))),
            ("tokenizer", tokenizerObject), ("stages", .list(stages.map(Self.object))),
            ("coordinator_bytes", .integer(Int(clamping: coordinatorByteCount))),
            ("chat_template", chatTemplate.map { .text($0.name) } ?? .null),
            ("reads_tools", .flag(chatTemplate?.readsTools ?? false)),
            ("thinking", chatTemplate.map { .text($0.thinking) } ?? .null),
            ("warnings", .list(warnings.map(JSONValue.text))),
        ])
    }

    private var shape: JSONValue {
        let shape = description
        return .object([
            ("layers", .integer(shape.layerCount)), ("hidden", .integer(shape.hiddenSize)),
            ("feed_forward", .integer(shape.feedForwardSize)), ("heads", .integer(shape.headCount)),
            ("key_value_heads", .integer(shape.keyValueHeadCount)), ("head_size", .integer(shape.headSize)),
            ("vocabulary", .integer(shape.vocabularySize)), ("context", .integer(shape.contextLength)),
            ("norm_epsilon", .number(Double(shape.normEpsilon))),
            ("rope_base", .number(Double(shape.ropeBase))),
            ("activation", .text(shape.activation == .siLU ? "silu" : "relu2")),
            ("rotary_pairing", .text(shape.rotaryPairing == .halves ? "halves" : "adjacent")),
            ("sub_norms", .flag(shape.hasSubNorms)), ("tied_head", .flag(shape.hasTiedHead)),
            ("head_norms", .flag(shape.hasHeadNorms)), ("rope_scaling", rope),
            ("activation_group", .integer(shape.activationGroup)),
            ("embedding_scale", .number(Double(shape.embeddingScale))),
            ("residual_scale", .number(Double(shape.residualScale))),
            ("logit_scale", .number(Double(shape.logitScale))),
        ])
    }

    private var rope: JSONValue {
        switch description.rope {
        case .none: .null
        case .linear(let factor): Self.object("linear", factor, nil)
        case .llama3(let factor, _, _, let context): Self.object("llama3", factor, context)
        case .yarn(let factor, let context, _, _, _): Self.object("yarn", factor, context)
        }
    }

    private static func object(_ type: String, _ factor: Float, _ originalContext: Int?) -> JSONValue {
        .object([
            ("type", .text(type)), ("factor", .number(Double(factor))),
            ("original_context", originalContext.map { .integer($0) } ?? .null),
        ])
    }

    private var ternaryObject: JSONValue {
        .object([
            ("weights", .integer(Int(clamping: ternary.weightCount))),
            ("stored_bytes", .integer(Int(clamping: ternary.storedByteCount))),
            ("packed_bytes", .integer(Int(clamping: ternary.packedByteCount))),
            ("encoding", .text("\(description.matrixEncoding)")),
            ("scale_group", description.matrixEncoding.scaleGroup.map { .integer($0) } ?? .null),
        ])
    }

    private var tokenizerObject: JSONValue {
        guard let tokenizer else { return .null }
        return .object([
            ("tokens", .integer(tokenizer.tokenCount)),
            ("beginning", tokenizer.beginningToken.map { .integer(Int(clamping: $0)) } ?? .null),
            ("adds_beginning", .flag(tokenizer.addsBeginning)),
            ("stops", .list(tokenizer.stops.map { .integer(Int(clamping: $0.token)) })),
        ])
    }

    private static func object(_ type: TensorTypeCount) -> JSONValue {
        .object([
            ("type", .text(type.name)), ("tensors", .integer(type.tensorCount)),
            ("bytes", .integer(Int(clamping: type.byteCount))),
            ("weights", .integer(Int(clamping: type.weightCount))),
        ])
    }

    private static func object(_ stage: StageNeed) -> JSONValue {
        .object([
            ("first_layer", .integer(stage.layers.first)), ("end_layer", .integer(stage.layers.end)),
            ("sent_bytes", .integer(Int(clamping: stage.wireByteCount))),
            ("weight_bytes", .integer(Int(clamping: stage.memory.weights))),
            ("cache_bytes", .integer(Int(clamping: stage.memory.cache))),
            ("scratch_bytes", .integer(Int(clamping: stage.memory.scratch))),
            ("memory_bytes", .integer(Int(clamping: stage.memory.total))),
            ("resident_bytes", .integer(Int(clamping: stage.residentByteCount))),
        ])
    }
}
