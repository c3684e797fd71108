// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import Testing

/// Stages compute, bit by bit, what the page that a newcomer reads says: Sources/CTernary/reference/layer_forward.c.
///
/// Every log-probability is compared. A layer's output has one way to it, the last norm and the head, so an output that
/// differs in one bit of one value shows in some of them.
@Suite struct ReferenceLayerTests {
    /// The kinds of models that there are, and that there might be.
    struct Kind: Sendable, CustomTestStringConvertible {
        let hasSubNorms: Bool
        let activation: ModelDescription.Activation
        let pairing: ModelDescription.RotaryPairing
        let hasTiedHead: Bool

        static let all: [Kind] = [true, false].flatMap { hasSubNorms in
            [ModelDescription.Activation.squaredReLU, .siLU].flatMap { activation in
                [ModelDescription.RotaryPairing.halves, .adjacent].flatMap { pairing in
                    [true, false].map {
                        Kind(
                            hasSubNorms: hasSubNorms, activation: activation, pairing: pairing,
                            hasTiedHead: $0)
                    }
                }
            }
        }

        var testDescription: String {
            "\(activation), \(pairing), \(hasSubNorms ? "" : "no ")sub-norms, \(hasTiedHead ? "" : "un")tied"
        }

        func model(_ shape: Shape) -> ModelDescription {
            ModelDescription(
                name: "small", layerCount: 2, hiddenSize: shape.hidden, feedForwardSize: shape.inner,
                headCount: shape.heads, keyValueHeadCount: shape.kvHeads, headSize: shape.headSize,
                vocabularySize: 97, contextLength: 1024, normEpsilon: 1e-5, ropeBase: 10_000,
                activation: activation, rotaryPairing: pairing, hasSubNorms: hasSubNorms,
                hasTiedHead: hasTiedHead)
        }
    }

    /// Numbers that divide by little.
    struct Shape: Sendable {
        var hidden: Int
        var inner: Int
        var heads: Int
        var kvHeads: Int
        var headSize: Int

        static let all = [
            Shape(hidden: 64, inner: 160, heads: 4, kvHeads: 4, headSize: 16),
            Shape(hidden: 90, inner: 133, heads: 6, kvHeads: 2, headSize: 10),
            Shape(hidden: 33, inner: 50, heads: 15, kvHeads: 3, headSize: 2),
            Shape(hidden: 128, inner: 337, heads: 5, kvHeads: 1, headSize: 34),
        ]
    }

    private static func ids(_ count: Int) -> [UInt32] { (0..<UInt32(count)).map { ($0 * 37 + 11) % 97 } }

    @Test(arguments: Kind.all)
    func `layers of random weights give the reference's bits`(_ kind: Kind) throws {
        for (index, shape) in Shape.all.enumerated() {
            let parts = try PackedModel(random: kind.model(shape), seed: UInt64(index + 1))
            let ids = Self.ids(21)
            let expected = try PlainModel(parts).logProbabilities(ids)
            try #require(Set(expected.joined()).count > 1000)
            for kernels in KernelChoice.available {
                for mode in KernelMode.allCases {
                    let found = try Setup(kernels: kernels, mode: mode).load(parts).logProbabilities(
                        ids, chunk: 8)
                    #expect(found == expected, "\(shape), \(kernels), \(mode)")
                }
            }
        }
    }

    @Test func `a sequence of several spans of attention gives the reference's bits`() throws {
        let kind = Kind(hasSubNorms: true, activation: .squaredReLU, pairing: .halves, hasTiedHead: true)
        let parts = try PackedModel(random: kind.model(Shape.all[1]), seed: 7)
        let ids = Self.ids(600)
        let expected = try PlainModel(parts).logProbabilities(ids)
        for kernels in KernelChoice.available {
            let found = try Setup(context: 600, threads: 2, kernels: kernels).load(parts).logProbabilities(
                ids)
            #expect(found == expected, "\(kernels)")
        }
    }

    @Test(arguments: GoldenModel.allCases)
    func `trained models give the reference's bits`(_ model: GoldenModel) throws {
        let ids: [UInt32] = (0..<40).map { ($0 * 37 + 11) % 251 }
        let expected = try PlainModel(model.packed()).logProbabilities(ids)
        #expect(try Setup().load(model).logProbabilities(ids) == expected)
    }

    @Test(arguments: FamilyModel.files)
    func `models of every family give the reference's bits`(_ model: FamilyModel) throws {
        let parts = try model.packed()
        let ids: [UInt32] = (0..<40).map { ($0 * 37 + 11) % 251 }
        let expected = try PlainModel(parts).logProbabilities(ids)
        #expect(try Setup().load(parts).logProbabilities(ids) == expected)
    }
}
