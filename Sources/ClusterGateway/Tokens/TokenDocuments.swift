// SPDX-License-Identifier: MIT
import BitNetCore

/// The body of `POST /tokenize`, with llama.cpp's names or vLLM's.
struct TokenizeRequest: Decodable {
    /// Text, or as vLLM takes it a conversation.
    let prompt: Prompt
    /// Whether what stands before every text is wanted too.
    let addsSpecial: Bool
    let wantsPieces: Bool

    init(from decoder: any Decoder) throws {
        let fields = try RequestFields(decoder)
        // Each server has its own default beside its own name.
        let isNamedPrompt = !fields.has("content")
        addsSpecial =
            try fields.flag("add_special") ?? fields.flag("add_special_tokens") ?? isNamedPrompt
        wantsPieces = try fields.flag("with_pieces") ?? false
        let readsMarkers = try fields.flag("parse_special") ?? true
        guard !isNamedPrompt || !fields.has("messages") || fields.has("prompt") else {
            prompt = .conversation(try ChatMessages.conversation(fields))
            return
        }
        guard let content = try fields.text("content") ?? fields.text("prompt") else {
            throw fields.invalid("content", "is missing")
        }
        guard content.utf8.count <= Limits.promptBytesMax else {
            throw fields.invalid("content", "may have \(Limits.promptBytesMax) bytes at most")
        }
        prompt = .text(content, readsMarkers: readsMarkers)
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
    let conversation: ChatConversation

    init(from decoder: any Decoder) throws {
        conversation = try ChatMessages.conversation(RequestFields(decoder))
    }
}

struct TemplateAnswer: Encodable {
    let prompt: String
}
