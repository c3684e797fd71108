// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats

/// Everything that `inspect` tells about a model.
struct Inspection {
    /// Tensors of one type.
    struct TypeCount {
        let name: String
        var tensorCount = 0
        var byteCount: UInt64 = 0
        var weightCount: UInt64 = 0

        var bitsPerWeight: Double { Double(byteCount * 8) / Double(max(weightCount, 1)) }
    }

    let model: ModelFile
    let stages: [StageNeed]
    let types: [TypeCount]
    /// Weights of ternary matrices, and the bytes that they take in the file and packed.
    let ternary: (weightCount: UInt64, storedByteCount: UInt64, packedByteCount: UInt64)
    let tokenizer: Result<Tokenizer, ModelFileError>

    init(model: ModelFile, stages: [StageNeed]) {
        self.model = model
        self.stages = stages
        var types: [String: TypeCount] = [:]
        for tensor in model.tensors {
            types[tensor.typeName, default: TypeCount(name: tensor.typeName)].add(tensor)
        }
        self.types = types.values.sorted { ($1.byteCount, $0.name) < ($0.byteCount, $1.name) }
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

    var parameterCount: UInt64 { types.reduce(0) { $0 + $1.weightCount } }
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

extension Inspection.TypeCount {
    fileprivate mutating func add(_ tensor: SourceTensor) {
        tensorCount += 1
        byteCount += UInt64(tensor.byteCount)
        weightCount += UInt64(tensor.weightCount)
    }
}
