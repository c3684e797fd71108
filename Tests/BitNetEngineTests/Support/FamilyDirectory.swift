// SPDX-License-Identifier: MIT
import BitNetFormats
import FoundationEssentials
import Testing

extension FamilyModel {
    /// Packed, the scale multiplies.
    static let microsoft = Self("microsoft", golden: "microsoft", files: ["microsoft/model.safetensors"])
    /// Masters, quantised while they run.
    static let onebit = Self("onebit", golden: "onebit", files: ["onebit/model.safetensors"])
    /// Packed, the scale divides; two files.
    static let llama = Self(
        "llama", golden: "llama",
        files: ["llama/model-00001-of-00002.safetensors", "llama/model-00002-of-00002.safetensors"])

    static let directories = [microsoft, onebit, llama]
}

/// A model directory copied and changed, for as long as the object lives.
final class DirectoryCopy {
    let path: String

    /// - Parameters:
    ///   - replacing: text of `config.json`, and what stands there instead.
    ///   - unpack: if given, makes values of BF16 from the trits and the stored scale of each packed matrix.
    init(
        of model: FamilyModel, replacing: (old: String, new: String),
        unpack: (([Int], Float) throws -> [UInt16])? = nil
    ) throws {
        path =
            FileManager.default.temporaryDirectory
            .appending(path: "family-\(UInt64.random(in: 0 ... .max))").path
        try FileManager.default.copyItem(atPath: model.path, toPath: path)
        let configuration = URL(filePath: "\(path)/config.json")
        let text = String(decoding: try Data(contentsOf: configuration), as: UTF8.self)
        let changed = text.replacing(replacing.old, with: replacing.new)
        try #require(changed != text)
        try Data(changed.utf8).write(to: configuration)
        guard let unpack else { return }
        for file in try FileManager.default.contentsOfDirectory(atPath: path)
        where file.hasSuffix(".safetensors") {
            var image = try SafeTensorsImage(path: "\(path)/\(file)")
            try image.unpack(unpack)
            try image.write(path: "\(path)/\(file)")
        }
        // The index would name scales that are gone.
        try dropScalesFromIndex()
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private func dropScalesFromIndex() throws {
        let index = URL(filePath: "\(path)/model.safetensors.index.json")
        guard let data = try? Data(contentsOf: index) else { return }
        var decoded = try JSONDecoder().decode(WeightIndex.self, from: data)
        decoded.weightMap = decoded.weightMap.filter { !$0.key.hasSuffix("_scale") }
        try JSONEncoder().encode(decoded).write(to: index)
    }

    func packed(_ options: ModelOptions = .init()) throws -> PackedModel {
        try PackedModel(ModelFile(path: path, options: options))
    }
}

/// What `model.safetensors.index.json` says.
private struct WeightIndex: Codable {
    /// The file of each tensor.
    var weightMap: [String: String]

    private enum CodingKeys: String, CodingKey {
        case weightMap = "weight_map"
    }
}
