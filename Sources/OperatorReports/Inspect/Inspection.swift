// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetFormats

/// Everything that `inspect` tells about a model.
package struct Inspection: Equatable, Sendable {
    /// Weights of ternary matrices, and the bytes that they take in the file and packed.
    package struct TernarySize: Equatable, Sendable {
        package var weightCount: UInt64
        package var storedByteCount: UInt64
        package var packedByteCount: UInt64

        package init(weightCount: UInt64, storedByteCount: UInt64, packedByteCount: UInt64) {
            self.weightCount = weightCount
            self.storedByteCount = storedByteCount
            self.packedByteCount = packedByteCount
        }
    }

    /// What texts are made into tokens by.
    package struct TokenizerFacts: Equatable, Sendable {
        package var tokenCount: Int
        package var beginningToken: UInt32?
        package var addsBeginning: Bool
        /// Tokens that end a text, ascending, as text for people.
        package var stops: [Stop]

        package struct Stop: Equatable, Sendable {
            package var token: UInt32
            package var text: String

            package init(token: UInt32, text: String) {
                self.token = token
                self.text = text
            }
        }

        package init(tokenCount: Int, beginningToken: UInt32?, addsBeginning: Bool, stops: [Stop]) {
            self.tokenCount = tokenCount
            self.beginningToken = beginningToken
            self.addsBeginning = addsBeginning
            self.stops = stops
        }
    }

    package struct TemplateFacts: Equatable, Sendable {
        /// Name of the format; `own` for one that only this model has.
        package var name: String
        /// All of it in a line.
        package var summary: String
        package var readsTools: Bool
        /// Whether the model thinks before it answers.
        package var thinking: String

        package init(name: String, summary: String, readsTools: Bool = false, thinking: String = "never") {
            self.name = name
            self.summary = summary
            self.readsTools = readsTools
            self.thinking = thinking
        }
    }

    package var path: String
    package var container: String
    package var architecture: String
    package var isSynthetic: Bool
    package var description: ModelDescription
    /// Weights of all tensors.
    package var parameterCount: UInt64
    package var ternary: TernarySize
    package var types: [TensorTypeCount]
    /// `nil` if none can be used.
    package var tokenizer: TokenizerFacts?
    /// What would write conversations; `nil` if there is nothing.
    package var chatTemplate: TemplateFacts?
    /// Whether the model's files have a template, be it known or not.
    package var hasEmbeddedTemplate: Bool
    package var stages: [StageNeed]
    /// Faults of the model and, if it has one, of its tokenizer.
    package var warnings: [String]

    package init(
        path: String, container: String, architecture: String, isSynthetic: Bool,
        description: ModelDescription, parameterCount: UInt64, ternary: TernarySize,
        types: [TensorTypeCount], tokenizer: TokenizerFacts?, chatTemplate: TemplateFacts?,
        hasEmbeddedTemplate: Bool, stages: [StageNeed], warnings: [String]
    ) {
        self.path = path
        self.container = container
        self.architecture = architecture
        self.isSynthetic = isSynthetic
        self.description = description
        self.parameterCount = parameterCount
        self.ternary = ternary
        self.types = types
        self.tokenizer = tokenizer
        self.chatTemplate = chatTemplate
        self.hasEmbeddedTemplate = hasEmbeddedTemplate
        self.stages = stages
        self.warnings = warnings
    }

    /// What the coordinator takes: the program, and text and merges of each token.
    ///
    /// Measured; weights pass through it in pieces.
    var coordinatorByteCount: UInt64 { 37_000_000 + 130 * UInt64(clamping: tokenizer?.tokenCount ?? 0) }

    var byteCount: UInt64 { types.reduce(0) { $0 + $1.byteCount } }
}
