// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import BitNetTokenizer

/// Everything that `inspect` tells about a model.
struct Inspection {
    let model: ModelFile
    let stages: [StageNeed]
    let types: [TensorTypeCount]
    /// Weights of ternary matrices, and the bytes that they take in the file and packed.
    let ternary: (weightCount: UInt64, storedByteCount: UInt64, packedByteCount: UInt64)
    let tokenizer: Result<Tokenizer, ModelFileError>

    init(model: ModelFile, stages: [StageNeed]) {
        self.model = model
        self.stages = stages
        types = model.typeCounts
        ternary = model.ternarySize
        do throws(ModelFileError) { tokenizer = .success(try model.tokenizer()) } catch {
            tokenizer = .failure(error)
        }
    }

    /// What the coordinator takes: the program, and text and merges of each token.
    ///
    /// Measured; weights pass through it in pieces.
    var coordinatorByteCount: UInt64 {
        let tokenCount = (try? tokenizer.get().count) ?? 0
        return 37_000_000 + 130 * UInt64(tokenCount)
    }

    var byteCount: UInt64 { types.reduce(0) { $0 + $1.byteCount } }

    /// Name of the chat format that would be used; `nil` if there is none.
    var chatTemplate: String? { chatChoice?.template.rawValue }

    private var chatChoice: ChatTemplate.Choice? {
        guard case .success(let tokenizer) = tokenizer else { return nil }
        return try? ChatTemplate.choose(for: model, tokenizer)
    }

    /// Faults of the model and, if it has one, of its tokenizer.
    var warnings: [String] {
        var warnings = model.warnings + [chatChoice?.warning].compactMap(\.self)
        if case .failure(let error) = tokenizer {
            warnings.append("text cannot be tokenised: \(error.message)")
        }
        if model.isSynthetic {
            warnings.insert("synthetic: the weights are random, made for tests and measurements", at: 0)
        }
        return warnings
    }
}
