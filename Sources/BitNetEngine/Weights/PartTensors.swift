// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats

/// The tensors of one part, checked: exactly those that the part's kind has in the model, each of its shape
/// and of an encoding that suits it.
struct PartTensors {
    private let part: PartView
    private let kind: PartReference.Kind

    /// - Throws: ``EngineError`` naming the part, the role, what was expected and what was found.
    init(_ part: PartView, kind: PartReference.Kind, of model: ModelDescription) throws(EngineError) {
        do {
            try part.check(kind, of: model)
        } catch {
            throw EngineError(
                .invalidPart, "the part \(kind) does not fit the model \(model.name): \(error.message)")
        }
        self.part = part
        self.kind = kind
    }

    func has(_ role: TensorRole) -> Bool { part.tensors[role] != nil }

    subscript(_ role: TensorRole) -> TensorView {
        get throws(EngineError) {
            guard let tensor = part.tensors[role] else {
                throw EngineError(.invalidPart, "\(kind) has no \(role) tensor")
            }
            return tensor
        }
    }

    /// For error messages: `layer 3, query`.
    func place(_ role: TensorRole) -> String { "\(kind), \(role)" }
}
