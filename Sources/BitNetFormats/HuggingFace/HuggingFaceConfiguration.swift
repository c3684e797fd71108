// SPDX-License-Identifier: MIT

import BitNetCore

/// What a `config.json` says; keys that do not matter here are ignored.
struct HuggingFaceConfiguration: Sendable {
    var architecture: String?
    var hiddenSize: Int?
    var feedForwardSize: Int?
    var layerCount: Int?
    var headCount: Int?
    var keyValueHeadCount: Int?
    var headSize: Int?
    var vocabularySize: Int?
    var contextLength: Int?
    var normEpsilon: Double?
    var ropeBase: Double?
    var rope = RopeConfiguration()
    var usesSlidingWindow = false
    /// MiniCPM's: of embeddings, of what is added to the residual stream times √layers, and the width at which logits
    /// are not divided.
    var embeddingScale: Double?
    var depthScale: Double?
    var baseSize: Int?
    var activation: String?
    var hasTiedHead: Bool?
    var beginningToken: Int?
    var endTokens: [Int] = []
    var quantisation: Quantisation?
    var isSynthetic = false
    /// Where the model came from; only what this project wrote itself is believed.
    var name: String?

    /// `quantization_config`.
    struct Quantisation: Equatable, Sendable {
        var method: String?
        var linearClass: String?
        var mode: String?
        var unconverted: [String] = []
        var usesInputNorm = false
    }

    init(_ bytes: UnsafeRawBufferPointer, file: String) throws(ModelFileError) {
        var json = ModelJSONReader(bytes, file: file)
        var this = Self()
        try json.readObject { json, key throws(ModelFileError) in
            // A key with null is a key that is not there.
            if try json.readNull() { return }
            try this.read(key, &json)
        }
        try json.finish()
        self = this
    }

    private init() {}

    private mutating func read(_ key: String, _ json: inout ModelJSONReader) throws(ModelFileError) {
        switch key {
        case "architectures":
            try json.readArray { json throws(ModelFileError) in
                let name = try json.readText()
                if architecture == nil { architecture = name }
            }
        case "hidden_size": hiddenSize = try json.readInteger()
        case "intermediate_size": feedForwardSize = try json.readInteger()
        case "num_hidden_layers": layerCount = try json.readInteger()
        case "num_attention_heads": headCount = try json.readInteger()
        case "num_key_value_heads": keyValueHeadCount = try json.readInteger()
        case "head_dim": headSize = try json.readInteger()
        case "vocab_size": vocabularySize = try json.readInteger()
        case "max_position_embeddings": contextLength = try json.readInteger()
        case "rms_norm_eps": normEpsilon = try json.readDouble()
        case "rope_theta": ropeBase = try json.readDouble()
        case "rope_scaling", "rope_parameters": try rope.read(&json, base: &ropeBase)
        case "use_sliding_window": usesSlidingWindow = try json.readBool()
        case "scale_emb": embeddingScale = try json.readDouble()
        case "scale_depth": depthScale = try json.readDouble()
        case "dim_model_base": baseSize = try json.readInteger()
        case "hidden_act": activation = try json.readText()
        case "tie_word_embeddings": hasTiedHead = try json.readBool()
        case "bos_token_id": beginningToken = try json.readInteger()
        case "eos_token_id": endTokens += try Self.tokens(&json)
        case "quantization_config": quantisation = try Self.quantisation(&json)
        case "_name_or_path": name = try json.readText()
        case "bitnet_coord_synthetic": isSynthetic = try json.readBool()
        default: try json.skip()
        }
    }

    /// One id, or several.
    static func tokens(_ json: inout ModelJSONReader) throws(ModelFileError) -> [Int] {
        guard try json.peek() == .array else { return [try json.readInteger()] }
        var tokens: [Int] = []
        try json.readArray { json throws(ModelFileError) in
            guard tokens.count < Limits.stopTokensMax else {
                throw json.unexpected("at most \(Limits.stopTokensMax) tokens")
            }
            tokens.append(try json.readInteger())
        }
        return tokens
    }

    private static func quantisation(_ json: inout ModelJSONReader) throws(ModelFileError) -> Quantisation {
        var result = Quantisation()
        try json.readObject { json, key throws(ModelFileError) in
            if try json.readNull() { return }
            switch key {
            case "quant_method": result.method = try json.readText()
            case "linear_class": result.linearClass = try json.readText()
            case "quantization_mode": result.mode = try json.readText()
            case "use_rms_norm": result.usesInputNorm = try json.readBool()
            case "modules_to_not_convert":
                try json.readArray { json throws(ModelFileError) in
                    result.unconverted.append(try json.readText())
                }
            default: try json.skip()
            }
        }
        return result
    }
}
