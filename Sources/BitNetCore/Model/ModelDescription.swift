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
    package var layerCount: Int
    /// dModel: width of the residual stream.
    package var hiddenSize: Int
    package var feedForwardSize: Int
    package var headCount: Int
    package var keyValueHeadCount: Int
    package var headSize: Int
    package var vocabularySize: Int
    package var contextLength: Int
    package var normEpsilon: Float
    package var ropeBase: Float
    package var activation: Activation
    package var rotaryPairing: RotaryPairing
    /// RMSNorm before the output projection and before the down projection (families A and B).
    package var hasSubNorms: Bool
    /// The head is the embedding matrix.
    package var hasTiedHead: Bool

    package init(
        name: String, layerCount: Int, hiddenSize: Int, feedForwardSize: Int, headCount: Int,
        keyValueHeadCount: Int, headSize: Int, vocabularySize: Int, contextLength: Int, normEpsilon: Float,
        ropeBase: Float, activation: Activation, rotaryPairing: RotaryPairing, hasSubNorms: Bool,
        hasTiedHead: Bool
    ) {
        self.name = name
        self.layerCount = layerCount
        self.hiddenSize = hiddenSize
        self.feedForwardSize = feedForwardSize
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.headSize = headSize
        self.vocabularySize = vocabularySize
        self.contextLength = contextLength
        self.normEpsilon = normEpsilon
        self.ropeBase = ropeBase
        self.activation = activation
        self.rotaryPairing = rotaryPairing
        self.hasSubNorms = hasSubNorms
        self.hasTiedHead = hasTiedHead
    }

    /// Width of all query heads together.
    package var querySize: Int { headCount * headSize }
    /// Width of all key (or value) heads together.
    package var keyValueSize: Int { keyValueHeadCount * headSize }

    /// Why this description cannot be run, or `nil`.
    ///
    /// Checked wherever one arrives from a file or a peer.
    package var invalidity: String? {
        func outside(_ name: String, _ value: Int, _ limit: Int) -> String? {
            (1...limit).contains(value) ? nil : "\(name) is \(value), expected 1...\(limit)"
        }
        if name.utf8.count > Limits.nameBytesMax { return "name is longer than \(Limits.nameBytesMax) bytes" }
        let ranges = [
            outside("layer count", layerCount, Limits.layersMax),
            outside("hidden size", hiddenSize, Limits.hiddenSizeMax),
            outside("feed-forward size", feedForwardSize, Limits.feedForwardSizeMax),
            outside("head count", headCount, Limits.headsMax),
            outside("key/value head count", keyValueHeadCount, Limits.headsMax),
            outside("head size", headSize, Limits.headSizeMax),
            outside("vocabulary size", vocabularySize, Limits.vocabularyMax),
            outside("context length", contextLength, Limits.contextMax),
        ]
        if let first = ranges.lazy.compactMap({ $0 }).first { return first }
        if !headCount.isMultiple(of: keyValueHeadCount) {
            return "head count \(headCount) is not a multiple of key/value head count \(keyValueHeadCount)"
        }
        if !headSize.isMultiple(of: 2) { return "head size \(headSize) is odd, rotary embedding needs pairs" }
        if querySize > Limits.hiddenSizeMax { return "head count × head size is \(querySize), too large" }
        if !(normEpsilon.isFinite && normEpsilon > 0) { return "norm epsilon is \(normEpsilon)" }
        if !(ropeBase.isFinite && ropeBase > 1) { return "rope base is \(ropeBase)" }
        return nil
    }
}
