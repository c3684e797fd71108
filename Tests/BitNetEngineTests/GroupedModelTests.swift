// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import FoundationEssentials
import Testing

/// A network of Qwen3's shape with a scale for every 128 weights against transformers in float32
/// (see Tests/Checks/Reference/grouped.py).
@Suite struct GroupedModelTests {
    private struct Values: Decodable {
        struct Prompt: Decodable {
            let ids: [UInt32]
            let positions: [Position]
        }
        struct Position: Decodable {
            let position: Int
            let top: [Int]
            let topLog: [Float]
            let fixedLog: [Float]
            /// With activations in groups, of both.
            let groupedLog: [Float]

            private enum CodingKeys: String, CodingKey {
                case position, top
                case topLog = "top_log"
                case fixedLog = "fixed_log"
                case groupedLog = "grouped_log"
            }
        }
        let fixed: [Int]
        let prompts: [Prompt]
    }

    private static let folder = GoldenModel.root + "/Tests/Golden"

    private func values() throws -> Values {
        let json = try MappedFile(path: Self.folder + "/qwen3-groups.json")
        return try json.withBytes { try JSONDecoder().decode(Values.self, from: Data($0)) }
    }

    private func packed() throws -> PackedModel {
        try PackedModel(ModelFile(path: Self.folder + "/qwen3-pq2_0.gguf"))
    }

    @Test func `activations as they are agree with the reference to 1e-4`() throws {
        var packed = try packed()
        packed.description.activationsAreExact = true
        for (_, difference) in try differences(of: packed) { #expect(difference <= 1e-4) }
    }

    /// A code that is rounded the other way shows, so that they agree on average only.
    @Test func `activations in groups are the reference's in groups`() throws {
        let differences = try differences(of: packed(), inGroups: true).map(\.largest)
        #expect(differences.mean <= 0.02)
        let exact = try self.differences(of: packed()).map(\.largest)
        #expect(exact.mean > 3 * differences.mean)
    }

    @Test func `without YaRN it is another network`() throws {
        var packed = try packed()
        packed.description.activationsAreExact = true
        packed.description.rope = .none
        let long = try differences(of: packed).filter { $0.count > 30 }.map(\.largest)
        #expect(try #require(long.min()) > 0.01)
    }

    @Test func `a model with one scale a token has no scales in rows, nor a ternary embedding`() throws {
        var packed = try packed()
        packed.description.activationGroup = 0
        packed.description.matrixEncoding = .t5Rows
        #expect(packed.description.invalidity?.contains("t5Rows") == true)
        packed.description.matrixEncoding = .t5
        #expect(packed.description.invalidity == nil)
        let part = try packed.part(.embedding)
        var weights = try StageWeights(
            model: packed.description, layers: #require(LayerRange(first: 0, end: 1)), kernels: Kernels())
        let error = #expect(throws: EngineError.self) {
            try part.withBytes {
                try weights.load(
                    kind: .embedding, part: PartView(bytes: $0), pool: ComputePool(threadCount: 1))
            }
        }
        #expect(error?.message.contains("is ternary") == true)
    }

    @Test func `what is left of a sequence belongs to activations of one kind, and so does a text`() throws {
        let file = try ModelFile(path: Self.folder + "/qwen3-pq2_0.gguf")
        let exact = try file.with(exactActivations: true)
        let settings = StageSettings(
            cache: CacheShape(slots: 1, context: 64, type: .f16), stepTokensMax: 8, headType: .exact)
        #expect(file.states(settings, cuts: []) != exact.states(settings, cuts: []))
        #expect(
            try PackedModel(file).fingerprint(settings) != PackedModel(exact).fingerprint(settings))
        #expect(
            try file.states(settings, cuts: [])
                == file.with(exactActivations: false).states(settings, cuts: []))
    }

    /// Of each prompt, by how many tokens it has.
    private func differences(
        of packed: PackedModel, inGroups: Bool = false
    ) throws -> [(count: Int, largest: Float)] {
        let golden = try values()
        try #require(golden.prompts.count == 8)
        let local = try Setup().load(packed)
        return try golden.prompts.map { prompt in
            let vectors = try local.logProbabilities(prompt.ids)
            let differences = prompt.positions.flatMap { position in
                let expected = inGroups ? position.groupedLog : position.topLog + position.fixedLog
                return zip(position.top + golden.fixed, expected).map {
                    abs(vectors[position.position][$0.0] - $0.1)
                }
            }
            return (prompt.ids.count, try #require(differences.max()))
        }
    }
}

extension PackedModel {
    fileprivate func fingerprint(_ settings: StageSettings) throws -> String {
        let layers = try #require(LayerRange(first: 0, end: description.layerCount))
        let references = ShardManifest.kinds(layers: layers, of: description).compactMap {
            parts[$0]?.reference
        }
        return ShardManifest(model: description, layers: layers, parts: references)
            .fingerprint(settings, cuts: [])
    }
}
