// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import Testing

/// Hugging Face directories of all families against the reference, as they are published and in other forms.
@Suite struct FamilyDirectoryTests {
    @Test(arguments: FamilyModel.directories)
    func `tight prompts agree with the reference to 1e-4`(_ model: FamilyModel) throws {
        try expectTight(model.packed(), as: model)
    }

    @Test(arguments: FamilyModel.directories)
    func `a long text agrees with the reference on average`(_ model: FamilyModel) throws {
        let differences = try Setup().load(model.packed()).longDifferences(from: model.values())
        #expect(differences.mean <= 0.02)
        #expect(try #require(differences.max()) <= 0.4)
    }

    @Test(arguments: FamilyModel.directories)
    func `greedy tokens are the reference's up to the first near tie`(_ model: FamilyModel) throws {
        try Setup().load(model.packed()).expectGreedy(of: model.values())
    }

    /// A scale is the same number in both; that of masters is not, which is a reciprocal's reciprocal.
    @Test(arguments: [(FamilyModel.microsoft, FamilyModel.microsoftI2S), (.onebitF16, .onebitI2S)])
    func `two forms of one network agree in every bit`(_ forms: (FamilyModel, FamilyModel)) throws {
        let packed = try [forms.0.packed(), forms.1.packed()]
        let layers = packed.map(\.layerDigests)
        #expect(layers[0].count == 2)
        #expect(layers[0] == layers[1])
        let ids = try forms.0.values().long.ids.prefix(100)
        let logs = try packed.map { try Setup().load($0).logProbabilities(Array(ids)) }
        let areEqual = logs[0] == logs[1]
        #expect(areEqual)
    }

    @Test func `masters quantised online are the packed network`() throws {
        let copy = try DirectoryCopy(
            of: .microsoft, replacing: ("\"offline\"", "\"online\""), unpack: masters)
        try expectTight(copy.packed(), as: .microsoft)
    }

    @Test func `dense matrices that are ternary already keep their scale`() throws {
        let copy = try DirectoryCopy(
            of: .microsoft, replacing: ("\"quantization_config\"", "\"unknown\""), unpack: dense)
        try expectTight(copy.packed(), as: .microsoft)
    }

    @Test func `masters that nothing declares are refused unless asked for`() throws {
        let copy = try DirectoryCopy(
            of: .llama, replacing: ("\"quantization_config\"", "\"unknown\"")
        ) { trits, stored in try masters(trits, scale: 1 / stored) }
        #expect(throws: ModelFileError.self) { try copy.packed() }
        var options = ModelOptions()
        options.quantisesMasters = true
        try expectTight(copy.packed(options), as: .llama)
    }

    @Test(arguments: [
        (FamilyModel.microsoft, "\"autobitlinear\"", "\"bitlinear\""),
        (.llama, "\"quant_method\"", "\"linear_class\": \"autobitlinear\", \"quant_method\""),
    ])
    func `the other direction of the scale is far from the reference`(
        _ change: (model: FamilyModel, old: String, new: String)
    ) throws {
        let copy = try DirectoryCopy(of: change.model, replacing: (change.old, change.new))
        let local = try Setup().load(copy.packed())
        #expect(try local.longDifferences(from: change.model.values()).mean > 0.3)
    }

    private func expectTight(_ packed: PackedModel, as model: FamilyModel) throws {
        for prompt in try Setup().load(packed).tightDifferences(from: model.values()) {
            #expect(try #require(prompt.positions.max()) <= 1e-4, "\(prompt.ids)")
        }
    }
}
