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

    package init(
        name: String, shape: Shape, contextLength: Int, normEpsilon: Float, ropeBase: Float,
        activation: Activation, rotaryPairing: RotaryPairing, hasTiedHead: Bool
    ) {
        self.name = name
        self.shape = shape
        self.contextLength = contextLength
        self.normEpsilon = normEpsilon
        self.ropeBase = ropeBase
        self.activation = activation
        self.rotaryPairing = rotaryPairing
        self.hasTiedHead = hasTiedHead
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
        return nil
    }

    static func outside(_ name: String, _ value: Int, _ limit: Int) -> String? {
        (1...limit).contains(value) ? nil : "\(name) is \(value), expected 1...\(limit)"
    }
}
