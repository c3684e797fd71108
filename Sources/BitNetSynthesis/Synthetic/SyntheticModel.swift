// SPDX-License-Identifier: MIT

package import BitNetCore
import BitNetFormats

/// A model of any shape with weights of no meaning, the same ones for the same seed in every type of file.
///
/// A third of the weights each are −s, 0 and s; norms are near 1, embeddings normal-like with a spread that gives
/// logits a standard deviation of about 3, as those of trained models have.
package struct SyntheticModel: Sendable {
    /// What a person may change of a shape; `nil` leaves it.
    package struct Changes: Equatable, Sendable {
        package var layers: Int?
        package var hidden: Int?
        package var feedForward: Int?
        package var heads: Int?
        package var keyValueHeads: Int?
        package var headSize: Int?
        package var vocabulary: Int?
        package var context: Int?
        package var ropeBase: Float?
        package var isTied: Bool?
        /// Weights of a row that share a scale: 64, 128 or 256; of families whose scales are of groups.
        package var scaleGroup: Int?
        /// `general.architecture` of a GGUF file; also decides about sub-norms.
        package var family: String?
        /// `silu` or `relu2`.
        package var activation: String?

        package init() {}
    }

    package let description: ModelDescription
    package let seed: UInt64
    let family: ModelFamily
    package let tensors: [SyntheticTensor]

    package init(_ shape: ModelShape, _ changes: Changes, seed: UInt64) throws(ModelWriteError) {
        family = try Self.family(shape, changes)
        description = try Self.description(shape, changes, family)
        self.seed = seed
        tensors = Self.tensors(of: description, family, seed)
    }

    package var parameterCount: Int { tensors.reduce(0) { $0 + $1.rows * $1.columns } }

    package static var familyNames: [String] { ModelFamily.allCases.map(\.rawValue) }

    private static func family(_ shape: ModelShape, _ changes: Changes) throws(ModelWriteError) -> ModelFamily
    {
        guard let name = changes.family else { return shape.family }
        guard let family = ModelFamily(rawValue: name) else {
            throw ModelWriteError(
                "family \(name) is unknown; give one of \(familyNames.joined(separator: ", "))")
        }
        return family
    }

    private static func description(
        _ shape: ModelShape, _ changes: Changes, _ family: ModelFamily
    ) throws(ModelWriteError) -> ModelDescription {
        var model = shape.description
        model.layerCount = changes.layers ?? model.layerCount
        model.feedForwardSize = changes.feedForward ?? model.feedForwardSize
        model.vocabularySize = changes.vocabulary ?? model.vocabularySize
        model.contextLength = changes.context ?? model.contextLength
        model.ropeBase = changes.ropeBase ?? model.ropeBase
        model.hiddenSize = changes.hidden ?? model.hiddenSize
        model.headCount = changes.heads ?? model.headCount
        model.keyValueHeadCount = changes.keyValueHeads ?? model.keyValueHeadCount
        if changes.heads != nil || changes.hidden != nil {
            // Heads that share out all channels, unless told otherwise.
            model.headSize = model.headCount > 0 ? model.hiddenSize / model.headCount : 0
        }
        model.headSize = changes.headSize ?? model.headSize
        model.rotaryPairing = family.rotaryPairing
        model.hasSubNorms = family.hasSubNorms
        model.hasHeadNorms = family == .qwen3
        model.hasTiedHead = changes.isTied ?? model.hasTiedHead
        model.takesScales(of: family)
        if let group = changes.scaleGroup { try model.takesScales(ofGroups: group) }
        if let name = changes.activation {
            guard let activation = ModelDescription.Activation(named: name) else {
                throw ModelWriteError("activation \(name) is unknown; give silu or relu2")
            }
            model.activation = activation
        } else if family != shape.family {
            model.activation = family.activation(named: nil, shape: model) ?? .siLU
        }
        if let invalidity = model.invalidity {
            throw ModelWriteError("no such model can be run: \(invalidity)")
        }
        guard model.vocabularySize >= SyntheticVocabulary.sizeMin else {
            throw ModelWriteError(
                "vocabulary size is \(model.vocabularySize); bytes and special tokens alone are "
                    + "\(SyntheticVocabulary.sizeMin)")
        }
        return model
    }

    private static func tensors(
        of model: ModelDescription, _ family: ModelFamily, _ seed: UInt64
    ) -> [SyntheticTensor] {
        let headSpread = 3 / Float(model.hiddenSize).squareRoot()
        func make(_ kind: PartReference.Kind, layer: Int? = nil) -> [SyntheticTensor] {
            TensorShape.all(of: kind, in: model).map { shape in
                SyntheticTensor(
                    shape, layer: layer, seed: seed,
                    // What such models keep in safetensors is 1/scale.
                    hasPowerOfTwoScale: family == .llama, scaleGroup: model.matrixEncoding.scaleGroup,
                    spread: shape.role == .head || model.hasTiedHead ? headSpread : 1)
            }
        }
        return make(.embedding) + make(.outputNorm) + (model.hasTiedHead ? [] : make(.head))
            + (0..<model.layerCount).flatMap { make(.layer($0), layer: $0) }
    }
}
