// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import Testing

/// GGUF files of all families against the reference, and what a wrong guess about a family would do.
@Suite struct FamilyFileTests {
    @Test(arguments: FamilyModel.files)
    func `tight prompts agree with the reference to 1e-4`(_ model: FamilyModel) throws {
        for prompt in try Setup().load(model.packed()).tightDifferences(from: model.values()) {
            #expect(try #require(prompt.positions.max()) <= 1e-4, "\(prompt.ids)")
        }
    }

    @Test(arguments: FamilyModel.files)
    func `a long text agrees with the reference on average`(_ model: FamilyModel) throws {
        let differences = try Setup().load(model.packed()).longDifferences(from: model.values())
        #expect(differences.mean <= 0.02)
        #expect(try #require(differences.max()) <= 0.4)
    }

    @Test(arguments: FamilyModel.files)
    func `greedy tokens are the reference's up to the first near tie`(_ model: FamilyModel) throws {
        try Setup().load(model.packed()).expectGreedy(of: model.values())
    }

    /// Nothing is rotated at the first position, so a wrong pairing shows only behind it.
    @Test(arguments: FamilyModel.files)
    func `the other pairing agrees at the first position only`(_ model: FamilyModel) throws {
        var packed = try model.packed()
        packed.description.rotaryPairing = packed.description.rotaryPairing == .halves ? .adjacent : .halves
        let local = try Setup().load(packed)
        let golden = try model.values()
        for prompt in try local.tightDifferences(from: golden) {
            #expect(try #require(prompt.positions.first) <= 1e-4, "\(prompt.ids)")
            #expect(try #require(prompt.positions.dropFirst().min()) > 1e-2, "\(prompt.ids)")
        }
        #expect(try local.longDifferences(from: golden).mean > 0.3)
    }

    /// The text's own next tokens are so regular that they stay likely; others do not.
    @Test(arguments: FamilyModel.files)
    func `the other activation is far from the reference`(_ model: FamilyModel) throws {
        var packed = try model.packed()
        packed.description.activation = packed.description.activation == .siLU ? .squaredReLU : .siLU
        let local = try Setup().load(packed)
        let golden = try model.values()
        #expect(try local.tightDifferences(from: golden).flatMap(\.positions).mean > 0.3)
        #expect(try local.longDifferences(from: golden).mean > 0.06)
    }

    @Test func `llama.cpp's quantiser and ours leave the same layers`() throws {
        let layers = try [FamilyModel.llamaTQ, .llamaQuantized].map { try $0.packed().layerDigests }
        #expect(layers[0].count == 2)
        #expect(layers[0] == layers[1])
    }
}
