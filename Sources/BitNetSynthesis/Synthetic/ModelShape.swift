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
    /// prism-ml/Ternary-Bonsai-1.7B, and the other two of its kind: Qwen3's shapes, ternary as a whole.
    case bonsaiSmall = "bonsai-1.7b"
    case bonsaiMedium = "bonsai-4b"
    case bonsaiLarge = "bonsai-8b"
    /// Of no model: for tests.
    case tiny

    /// All but the one for tests, for people.
    package static var names: String {
        allCases.filter { $0 != .tiny }.map(\.rawValue).joined(separator: ", ")
    }

    /// Layers that a measurement runs unless told otherwise; the time of the others is calculated.
    package var layerCountMeasured: Int {
        switch self {
        case .seventyBillion, .hundredBillion: 8
        case .twoBillion, .threeBillion, .eightBillion, .bonsaiSmall, .bonsaiMedium, .bonsaiLarge, .tiny:
            description.layerCount
        }
    }

    /// What models of this shape are called in files.
    var family: ModelFamily {
        switch self {
        case .twoBillion: .bitnetB158
        case .threeBillion, .hundredBillion: .bitnet
        case .eightBillion, .seventyBillion, .tiny: .llama
        case .bonsaiSmall, .bonsaiMedium, .bonsaiLarge: .qwen3
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
        case .bonsaiSmall:
            sizes(
                layers: 28, hidden: 2048, feedForward: 6144, heads: 16, keyValueHeads: 8,
                vocabulary: Self.bonsaiVocabulary)
        case .bonsaiMedium:
            sizes(
                layers: 36, hidden: 2560, feedForward: 9728, heads: 32, keyValueHeads: 8,
                vocabulary: Self.bonsaiVocabulary)
        case .bonsaiLarge:
            sizes(
                layers: 36, hidden: 4096, feedForward: 12_288, heads: 32, keyValueHeads: 8,
                vocabulary: Self.bonsaiVocabulary)
        case .tiny:
            sizes(
                layers: 2, hidden: 128, feedForward: 336, heads: 4, keyValueHeads: 2, headSize: 32,
                vocabulary: 500)
        }
    }

    /// Qwen's without what no text needs.
    private static let bonsaiVocabulary = 151_669

    package var description: ModelDescription {
        var model = ModelDescription(
            name: "synthetic \(rawValue), random weights", shape: sizes, contextLength: contextLength,
            normEpsilon: family == .qwen3 ? 1e-6 : 1e-5, ropeBase: ropeBase,
            activation: self == .twoBillion ? .squaredReLU : .siLU, rotaryPairing: .halves,
            hasTiedHead: sizes.hasSubNorms || self == .bonsaiSmall || self == .bonsaiMedium)
        if family == .qwen3 {
            let factor: Float = 4
            model.rope = .yarn(
                factor: factor, originalContext: contextLength / Int(factor), betaFast: 32, betaSlow: 1,
                attentionFactor: RopeScaling.attentionFactor(of: factor))
        }
        model.takesScales(of: family)
        return model
    }

    /// How embedding and head are written: ternary where the whole model is.
    package var tables: TableEncodings {
        family == .qwen3 ? TableEncodings(embedding: description.matrixEncoding) : TableEncodings()
    }

    private var contextLength: Int {
        switch self {
        case .twoBillion: 4096
        case .threeBillion, .hundredBillion: 2048
        case .eightBillion, .seventyBillion, .tiny: 8192
        case .bonsaiSmall, .bonsaiMedium: 32_768
        case .bonsaiLarge: 65_536
        }
    }

    /// Families that read long contexts turn by smaller angles.
    private var ropeBase: Float {
        switch self {
        case .threeBillion, .hundredBillion: 10_000
        case .twoBillion, .eightBillion, .seventyBillion, .tiny: 500_000
        case .bonsaiSmall, .bonsaiMedium, .bonsaiLarge: 1_000_000
        }
    }

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
            hasSubNorms: family.hasSubNorms, hasHeadNorms: family == .qwen3)
    }
}

extension ModelDescription {
    /// Scales by group, and MiniCPM's multipliers, where models of the family have them.
    mutating func takesScales(of family: ModelFamily) {
        matrixEncoding = family.isWeightOnly ? .t5Group128Half : .t5
        activationGroup = family.isWeightOnly ? 128 : 0
        guard family == .miniCPM else { return }
        embeddingScale = 12
        residualScale = 1.4 / Float(layerCount).squareRoot()
        logitScale = Float(hiddenSize) / 256
    }

    mutating func takesScales(ofGroups group: Int) throws(ModelWriteError) {
        let encodings = [64: TensorEncoding.t5Group64Half, 128: .t5Group128Half, 256: .t5Group256Half]
        guard let encoding = encodings[group] else {
            throw ModelWriteError("\(group) weights cannot share a scale; give 64, 128 or 256")
        }
        guard activationGroup > 0 else {
            throw ModelWriteError(
                "a matrix of this family has one scale; groups of \(group) weights have none")
        }
        matrixEncoding = encoding
        activationGroup = group
    }
}
