// SPDX-License-Identifier: MIT

package import BitNetCore
import BitNetFormats

/// Shapes of known models, to measure and to test without their files.
package enum ModelShape: String, CaseIterable, Sendable {
    /// microsoft/bitnet-b1.58-2B-4T.
    case twoBillion = "2b-4t"
    /// 1bitLLM/bitnet_b1_58-3B; its widths are no multiples of 256.
    case threeBillion = "3b"
    /// Llama 3 8B trained ternary, HF1BitLLM/Llama3-8B-1.58.
    case eightBillion = "8b"
    /// Llama 3 70B's shape.
    case seventyBillion = "70b"
    /// The largest shape that bitnet.cpp's report measures; no model has it.
    case hundredBillion = "100b"
    /// Of no model: for tests.
    case tiny

    /// Layers that a measurement runs unless told otherwise; the time of the others is calculated.
    package var layerCountMeasured: Int {
        switch self {
        case .seventyBillion, .hundredBillion: 8
        case .twoBillion, .threeBillion, .eightBillion, .tiny: description.layerCount
        }
    }

    /// What models of this shape are called in files.
    var family: ModelFamily {
        switch self {
        case .twoBillion: .bitnetB158
        case .threeBillion, .hundredBillion: .bitnet
        case .eightBillion, .seventyBillion, .tiny: .llama
        }
    }

    /// The published sizes.
    package var sizes: ModelDescription.Shape {
        switch self {
        case .twoBillion: sizes(layers: 30, hidden: 2560, feedForward: 6912, heads: 20, keyValueHeads: 5)
        case .threeBillion:
            sizes(
                layers: 26, hidden: 3200, feedForward: 8640, heads: 32, keyValueHeads: 32, headSize: 100,
                vocabulary: 32_002)
        case .eightBillion: sizes(layers: 32, hidden: 4096, feedForward: 14_336, heads: 32, keyValueHeads: 8)
        case .seventyBillion:
            sizes(layers: 80, hidden: 8192, feedForward: 28_672, heads: 64, keyValueHeads: 8)
        case .hundredBillion:
            sizes(
                layers: 72, hidden: 8192, feedForward: 45_568, heads: 64, keyValueHeads: 64,
                vocabulary: 32_002)
        case .tiny:
            sizes(
                layers: 2, hidden: 128, feedForward: 336, heads: 4, keyValueHeads: 2, headSize: 32,
                vocabulary: 500)
        }
    }

    package var description: ModelDescription {
        ModelDescription(
            name: "synthetic \(rawValue), random weights", shape: sizes, contextLength: contextLength,
            normEpsilon: 1e-5, ropeBase: hasLongRope ? 500_000 : 10_000,
            activation: self == .twoBillion ? .squaredReLU : .siLU, rotaryPairing: .halves,
            hasTiedHead: sizes.hasSubNorms)
    }

    private var contextLength: Int {
        switch self {
        case .twoBillion: 4096
        case .threeBillion, .hundredBillion: 2048
        case .eightBillion, .seventyBillion, .tiny: 8192
        }
    }

    /// Families that read long contexts turn by smaller angles.
    private var hasLongRope: Bool { self != .threeBillion && self != .hundredBillion }

    /// Rows and columns of the ternary matrices of a layer, each shape once.
    package var matrices: [(rows: Int, columns: Int)] {
        let model = sizes
        let all = [
            (model.querySize, model.hiddenSize), (model.keyValueSize, model.hiddenSize),
            (model.hiddenSize, model.querySize), (model.feedForwardSize, model.hiddenSize),
            (model.hiddenSize, model.feedForwardSize),
        ]
        return all.enumerated().filter { index, shape in
            !all[..<index].contains { $0 == shape }
        }.map { (rows: $0.element.0, columns: $0.element.1) }
    }

    private func sizes(
        layers: Int, hidden: Int, feedForward: Int, heads: Int, keyValueHeads: Int, headSize: Int = 128,
        vocabulary: Int = 128_256
    ) -> ModelDescription.Shape {
        ModelDescription.Shape(
            layerCount: layers, hiddenSize: hidden, feedForwardSize: feedForward, headCount: heads,
            keyValueHeadCount: keyValueHeads, headSize: headSize, vocabularySize: vocabulary,
            hasSubNorms: family != .llama)
    }
}
