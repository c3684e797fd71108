// SPDX-License-Identifier: MIT

/// The shape and the arithmetic of one model: everything a stage must know besides its weights.
package struct ModelDescription: Equatable, Sendable {
    /// Nonlinearity of the gated feed-forward network.
    ///
    /// No published GGUF records it; loaders decide by family.
    package enum Activation: UInt8, Sendable {
        /// max(x, 0)², BitNet b1.58 2B-4T.
        case squaredReLU = 0
        /// x · sigmoid(x), Llama-style models.
        case siLU = 1
    }

    /// Which two elements of a head one rotary angle turns.
    package enum RotaryPairing: UInt8, Sendable {
        /// Elements (j, j + headSize/2), "NEOX".
        case halves = 0
        /// Elements (2j, 2j + 1), "NORM".
        case adjacent = 1
    }

    package var name: String
    package var shape: Shape
    package var contextLength: Int
    package var normEpsilon: Float
    package var ropeBase: Float
    package var activation: Activation
    package var rotaryPairing: RotaryPairing
    /// The head is the embedding matrix.
    package var hasTiedHead: Bool
    /// How all ternary matrices of the layers are written; a part's other matrices may be written otherwise.
    package var matrixEncoding: TensorEncoding
    /// Inputs of a matrix that are quantised to int8 with a scale of their own: 64, 128 or 256, for models whose weights
    /// alone were trained to be few-valued; 0 for one scale for all of a token, as BitNet's are.
    package var activationGroup: Int
    /// Inputs of matrices are not quantised, for comparison; only where they would be in groups.
    package var activationsAreExact = false
    package var rope: RopeScaling
    /// What an embedding is multiplied by.
    package var embeddingScale: Float
    /// What attention and feed-forward network are multiplied by before they are added to the residual stream.
    package var residualScale: Float
    /// What logits are divided by.
    package var logitScale: Float

    package init(
        name: String, shape: Shape, contextLength: Int, normEpsilon: Float, ropeBase: Float,
        activation: Activation, rotaryPairing: RotaryPairing, hasTiedHead: Bool,
        matrixEncoding: TensorEncoding = .t5, activationGroup: Int = 0, rope: RopeScaling = .none,
        embeddingScale: Float = 1, residualScale: Float = 1, logitScale: Float = 1
    ) {
        self.name = name
        self.shape = shape
        self.contextLength = contextLength
        self.normEpsilon = normEpsilon
        self.ropeBase = ropeBase
        self.activation = activation
        self.rotaryPairing = rotaryPairing
        self.hasTiedHead = hasTiedHead
        self.matrixEncoding = matrixEncoding
        self.activationGroup = activationGroup
        self.rope = rope
        self.embeddingScale = embeddingScale
        self.residualScale = residualScale
        self.logitScale = logitScale
    }
}

extension ModelDescription {
    /// Why this description cannot be run, or `nil`.
    ///
    /// Checked wherever one arrives from a file or a peer.
    package var invalidity: String? {
        if name.utf8.count > Limits.nameBytesMax { return "name is longer than \(Limits.nameBytesMax) bytes" }
        if let invalidity = shape.invalidity { return invalidity }
        if let invalidity = Self.outside("context length", contextLength, Limits.contextMax) {
            return invalidity
        }
        if !(normEpsilon.isFinite && normEpsilon > 0) { return "norm epsilon is \(normEpsilon)" }
        if !(ropeBase.isFinite && ropeBase > 1) { return "rope base is \(ropeBase)" }
        return rope.invalidity ?? scaleInvalidity ?? groupInvalidity
    }

    private var scaleInvalidity: String? {
        let scales = [
            ("embedding scale", embeddingScale), ("residual scale", residualScale),
            ("logit scale", logitScale),
        ]
        return scales.first { !($0.1.isFinite && $0.1 > 0) }.map { "\($0.0) is \($0.1)" }
    }

    private var groupInvalidity: String? {
        guard matrixEncoding.isTernary else { return "matrices are written as \(matrixEncoding)" }
        guard [0, 64, 128, 256].contains(activationGroup) else {
            return "activations are in groups of \(activationGroup), expected 0, 64, 128 or 256"
        }
        if let group = matrixEncoding.scaleGroup, group != activationGroup {
            return "activations are in groups of \(activationGroup), weights in groups of \(group)"
        }
        guard activationGroup > 0 else {
            if matrixEncoding != .t5 {
                return "matrices are written as \(matrixEncoding), which takes activations in groups"
            }
            return activationsAreExact
                ? "activations are to be exact, but the model was trained with them in int8" : nil
        }
        let sizes = [
            ("hidden size", hiddenSize), ("feed-forward size", feedForwardSize),
            ("head count × head size", querySize),
        ]
        return sizes.first { !$0.1.isMultiple(of: activationGroup) }
            .map { "\($0.0) \($0.1) is not a multiple of \(activationGroup), the group of activations" }
    }

    /// Whether it is one of the models that were known first: one scale for a matrix and one for a token, positions and
    /// values as they are, no norms of heads.
    ///
    /// Such are written and numbered as they always were.
    package var isPlain: Bool {
        matrixEncoding == .t5 && activationGroup == 0 && rope == .none && !hasHeadNorms
            && embeddingScale == 1 && residualScale == 1 && logitScale == 1
    }

    static func outside(_ name: String, _ value: Int, _ limit: Int) -> String? {
        (1...limit).contains(value) ? nil : "\(name) is \(value), expected 1...\(limit)"
    }
}
