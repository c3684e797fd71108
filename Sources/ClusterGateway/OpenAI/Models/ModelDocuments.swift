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
        /// Absent if nobody recommends anything.
        let defaultSampling: Sampling?
    }

    /// How tokens are chosen where a request does not say it, by the names that requests have for it; what is absent is
    /// as OpenAI has it.
    struct Sampling: Encodable {
        let temperature: Float?
        let topK: UInt32?
        let topP: Float?
        let minP: Float?
        let repetitionPenalty: Float?

        init?(_ defaults: SamplingDefaults) {
            guard defaults != SamplingDefaults() else { return nil }
            temperature = defaults.temperature
            topK = defaults.topK
            topP = defaults.topP
            minP = defaults.minP
            repetitionPenalty = defaults.repetitionPenalty
        }
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
            nCtx: model.contextLength, nVocab: model.vocabularySize, nParams: model.parameterCount,
            defaultSampling: Sampling(model.samplingDefaults))
    }
}
