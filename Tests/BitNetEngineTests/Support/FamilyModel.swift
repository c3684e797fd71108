// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import FoundationEssentials
import Testing

/// A small trained network of one of the three families, in one of the forms that people have
/// (see Tests/Checks/Reference/make_families.py).
struct FamilyModel: Sendable, CustomTestStringConvertible {
    let name: String
    /// Which golden values are of this network.
    let golden: String
    /// The files of weights.
    let files: [String]

    var testDescription: String { name }

    /// Squared ReLU, grouped heads: Microsoft's.
    static let microsoftI2S = Self("microsoft-i2_s.gguf", golden: "microsoft")
    /// SiLU, sub-norms, rows that fill no block: 1bitLLM's.
    static let onebitF16 = Self("onebit-f16.gguf", golden: "onebit")
    static let onebitI2S = Self("onebit-i2_s.gguf", golden: "onebit")
    /// No sub-norms, a head of its own, pairs side by side, both TQ types: Falcon3's.
    static let llamaTQ = Self("llama-tq.gguf", golden: "llama-tq")

    /// As llama.cpp's own quantiser leaves it: the embedding Q4_K, the head Q6_K.
    static let llamaQuantized = Self("llama-quantized.gguf", golden: "llama-quantized")

    static let files = [microsoftI2S, onebitF16, onebitI2S, llamaTQ, llamaQuantized]

    init(_ name: String, golden: String, files: [String]? = nil) {
        self.name = name
        self.golden = golden
        self.files = files ?? [name]
    }

    static let folder = GoldenModel.root + "/Tests/Golden/families"

    var path: String { "\(Self.folder)/\(name)" }

    func packed() throws -> PackedModel { try PackedModel(ModelFile(path: path)) }

    /// - Throws: if the values were computed from other files.
    func values() throws -> Golden {
        let json = try MappedFile(path: "\(Self.folder)/\(golden).json")
        let golden = try json.withBytes { try JSONDecoder().decode(Golden.self, from: Data($0)) }
        for file in files {
            let found = try MappedFile(path: "\(Self.folder)/\(file)").withBytes { ContentDigest.of($0).hex }
            try #require(
                golden.files?[file] == found,
                "\(self.golden).json is of another \(file): run Tests/Checks/Reference/golden.py")
        }
        return golden
    }
}

extension PackedModel {
    /// Of the layers alone: embedding and head may be stored in other types.
    var layerDigests: [PartReference.Kind: ContentDigest] {
        parts.filter { if case .layer = $0.key { true } else { false } }.mapValues(\.reference.digest)
    }
}
