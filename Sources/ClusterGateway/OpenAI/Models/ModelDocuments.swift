// SPDX-License-Identifier: MIT
import BitNetCore

/// The answer of `GET /v1/models`.
struct ModelList: Encodable {
    let object = "list"
    let data: [Model]
}

struct Model: Encodable {
    /// What OpenAI does not tell; llama.cpp's server has it under the same name.
    struct Meta: Encodable {
        let nCtx: Int
        let nVocab: Int
        let nParams: UInt64
    }

    let id: String
    let object = "model"
    let created: Int64
    let ownedBy = "bitnet-coord"
    let meta: Meta

    init(_ model: ServedModel) {
        id = model.id
        created = model.createdAt
        meta = Meta(
            nCtx: model.contextLength, nVocab: model.vocabularySize, nParams: model.parameterCount)
    }
}
