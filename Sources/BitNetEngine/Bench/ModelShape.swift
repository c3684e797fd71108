// SPDX-License-Identifier: MIT
package import BitNetCore

/// Shapes of known models, to measure without their files.
package enum ModelShape: String, CaseIterable, Sendable {
    /// microsoft/bitnet-b1.58-2B-4T.
    case twoBillion = "2b-4t"
    /// Llama 3 8B trained ternary, HF1BitLLM/Llama3-8B-1.58.
    case eightBillion = "8b"
    /// Llama 3 70B's shape.
    case seventyBillion = "70b"
    /// Of no model: for tests.
    case tiny

    /// Layers that a measurement runs unless told otherwise; the time of the others is calculated.
    package var layerCountMeasured: Int { self == .seventyBillion ? 8 : description.layerCount }

    package var description: ModelDescription {
        switch self {
        case .twoBillion:
            Self.description(
                self, layers: 30, hidden: 2560, feedForward: 6912, heads: 20, keyValueHeads: 5,
                activation: .squaredReLU, hasSubNorms: true, hasTiedHead: true)
        case .eightBillion:
            Self.description(
                self, layers: 32, hidden: 4096, feedForward: 14_336, heads: 32, keyValueHeads: 8)
        case .seventyBillion:
            Self.description(
                self, layers: 80, hidden: 8192, feedForward: 28_672, heads: 64, keyValueHeads: 8)
        case .tiny:
            Self.description(
                self, layers: 2, hidden: 128, feedForward: 336, heads: 4, keyValueHeads: 2, headSize: 32,
                vocabulary: 500)
        }
    }

    /// Rows and columns of the ternary matrices of a layer, each shape once.
    package var matrices: [(rows: Int, columns: Int)] {
        let model = description
        let all = [
            (model.querySize, model.hiddenSize), (model.keyValueSize, model.hiddenSize),
            (model.hiddenSize, model.querySize), (model.feedForwardSize, model.hiddenSize),
            (model.hiddenSize, model.feedForwardSize),
        ]
        return all.enumerated().filter { index, shape in
            !all[..<index].contains { $0 == shape }
        }.map { (rows: $0.element.0, columns: $0.element.1) }
    }

    private static func description(
        _ shape: ModelShape, layers: Int, hidden: Int, feedForward: Int, heads: Int, keyValueHeads: Int,
        headSize: Int = 128, vocabulary: Int = 128_256, activation: ModelDescription.Activation = .siLU,
        hasSubNorms: Bool = false, hasTiedHead: Bool = false
    ) -> ModelDescription {
        ModelDescription(
            name: "synthetic-\(shape.rawValue)", layerCount: layers, hiddenSize: hidden,
            feedForwardSize: feedForward, headCount: heads, keyValueHeadCount: keyValueHeads,
            headSize: headSize, vocabularySize: vocabulary, contextLength: 8192, normEpsilon: 1e-5,
            ropeBase: 500_000, activation: activation, rotaryPairing: .halves, hasSubNorms: hasSubNorms,
            hasTiedHead: hasTiedHead)
    }
}
