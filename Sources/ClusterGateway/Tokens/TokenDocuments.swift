// SPDX-License-Identifier: MIT
import BitNetCore

/// The body of `POST /tokenize`, with llama.cpp's names or vLLM's.
struct TokenizeRequest: Decodable {
    let content: String
    let addsSpecial: Bool
    let readsMarkers: Bool
    let wantsPieces: Bool

    init(from decoder: any Decoder) throws {
        let fields = try RequestFields(decoder)
        guard let content = try fields.text("content") ?? fields.text("prompt") else {
            throw fields.invalid("content", "is missing")
        }
        guard content.utf8.count <= Limits.promptBytesMax else {
            throw fields.invalid("content", "may have \(Limits.promptBytesMax) bytes at most")
        }
        self.content = content
        addsSpecial = try fields.flag("add_special") ?? fields.flag("add_special_tokens") ?? false
        readsMarkers = try fields.flag("parse_special") ?? true
        wantsPieces = try fields.flag("with_pieces") ?? false
    }
}

/// The body of `POST /detokenize`.
struct DetokenizeRequest: Decodable {
    let tokens: [UInt32]

    init(from decoder: any Decoder) throws {
        let fields = try RequestFields(decoder)
        let must = "must be an array of token ids"
        guard let tokens = try fields.value("tokens", as: [UInt32].self, must: must) else {
            throw fields.invalid("tokens", "is missing")
        }
        self.tokens = tokens
    }
}

struct DetokenizeAnswer: Encodable {
    let content: String
    /// The same, as vLLM calls it.
    let prompt: String
}

/// The answer of `GET /tokenizer_info`: what evaluations want to know of a tokenizer that they reach by HTTP.
struct TokenizerInfo: Encodable {
    let bosToken: Nullable<String>
    let eosToken: Nullable<String>
}

/// The body of `POST /apply-template`.
struct TemplateRequest: Decodable {
    let messages: [ChatMessage]

    init(from decoder: any Decoder) throws {
        messages = try ChatMessages.read(RequestFields(decoder))
    }
}

struct TemplateAnswer: Encodable {
    let prompt: String
}
