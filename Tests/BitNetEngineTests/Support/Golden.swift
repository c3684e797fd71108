// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import FoundationEssentials
import Testing

/// The models that golden values exist for: the embedded one, and two whose shapes divide by nothing.
enum GoldenModel: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case stories
    case awkward336 = "awkward-336"
    case awkward90 = "awkward-90"

    var testDescription: String { rawValue }

    static let root = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()

    var path: String {
        switch self {
        case .stories: Self.root + "/cluster/model/stories.gguf"
        case .awkward336, .awkward90: Self.root + "/Tests/Golden/\(rawValue).gguf"
        }
    }

    func file() throws -> ModelFile { try ModelFile(path: path) }

    /// The description and all parts, packed once for all tests.
    func packed() throws -> PackedModel { try Self.packedModels[self, default: .failure(Missing())].get() }

    private struct Missing: Error {}

    private static let packedModels = Dictionary(
        uniqueKeysWithValues: allCases.map { model in (model, Result { try PackedModel(model.file()) }) })

    /// - Throws: if the values were computed from another model file.
    func golden() throws -> Golden { try golden(Golden.self, in: rawValue) }

    /// - Parameter name: of the golden file.
    /// - Throws: if the values were computed from another model file.
    func golden<Values: GoldenValues>(_: Values.Type, in name: String) throws -> Values {
        let json = try MappedFile(path: Self.root + "/Tests/Golden/\(name).json")
        let file = try MappedFile(path: path)
        let golden = try json.withBytes { try JSONDecoder().decode(Values.self, from: Data($0)) }
        let found = file.withBytes { ContentDigest.of($0).hex }
        try #require(golden.sha256 == found, "\(name).json is of another model: see Tests/Checks/Reference")
        return golden
    }
}

/// A model file's parts in memory.
struct PackedModel: Sendable {
    var description: ModelDescription
    let parts: [PartReference.Kind: PackedPart]

    init(description: ModelDescription, parts: [PartReference.Kind: PackedPart]) {
        self.description = description
        self.parts = parts
    }

    init(_ file: ModelFile) throws {
        self.init(
            description: file.description,
            parts: Dictionary(
                uniqueKeysWithValues: try ModelFile.kinds(of: file.description).map {
                    ($0, try file.pack($0))
                }))
    }

    func part(_ kind: PartReference.Kind) throws -> PackedPart { try #require(parts[kind]) }
}

/// What the numpy reference computed for one model (see Tests/Checks/Reference).
protocol GoldenValues: Decodable {
    /// Of the model file.
    var sha256: String? { get }
}

/// Probabilities and greedy choices.
struct Golden: GoldenValues {
    struct Prompt: Decodable {
        let ids: [UInt32]
        let positions: [Position]
    }

    struct Position: Decodable {
        let top: [Int]
        let topLog: [Float]
        let fixedLog: [Float]

        private enum CodingKeys: String, CodingKey {
            case top
            case topLog = "top_log"
            case fixedLog = "fixed_log"
        }
    }

    struct LongText: Decodable {
        let ids: [UInt32]
        let nextLog: [Float]

        private enum CodingKeys: String, CodingKey {
            case ids
            case nextLog = "next_log"
        }
    }

    struct Greedy: Decodable {
        let prompt: [UInt32]
        let ids: [UInt32]
        let margin: [Float]
    }

    /// Of the one model file, or of each of several by its name.
    let sha256: String?
    let files: [String: String]?
    let fixed: [Int]
    let tight: [Prompt]
    let long: LongText
    let greedy: [Greedy]
}
