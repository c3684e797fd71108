// SPDX-License-Identifier: MIT

package import BitNetCore

/// The files of a Hugging Face model directory that matter here: weights mapped, all others read.
package struct HuggingFaceDirectory: Sendable {
    package let path: String
    let configurationFile: MappedFile
    let configuration: HuggingFaceConfiguration
    let weights: [SafeTensorsFile]
    package let tokenizer: MappedFile?
    package let tokenizerConfiguration: MappedFile?
    /// `chat_template.jinja`, which newer versions of Transformers write.
    private let templateFile: MappedFile?
    /// `chat_template.json`, which some versions wrote.
    private let templateDocument: MappedFile?
    /// `additional_chat_templates/tool_use.jinja`, for conversations with tools.
    private let toolTemplateFile: MappedFile?
    /// `generation_config.json`; a directory without one says nothing.
    let generation: GenerationConfiguration

    /// - Throws: ``FileError`` or ``ModelFileError``.
    init(path: String) throws {
        self.path = path
        let file = try Self.open("config.json", in: path, remedy: Self.wrongDirectory)
        configurationFile = file
        configuration = try file.withBytes { bytes throws(ModelFileError) in
            try HuggingFaceConfiguration(bytes, file: file.path)
        }
        weights = try Self.openWeights(path)
        tokenizer = try Self.openIfPresent("tokenizer.json", in: path)
        tokenizerConfiguration = try Self.openIfPresent("tokenizer_config.json", in: path)
        templateFile = try Self.openIfPresent("chat_template.jinja", in: path)
        toolTemplateFile = try Self.openIfPresent("additional_chat_templates/tool_use.jinja", in: path)
        templateDocument = try Self.openIfPresent("chat_template.json", in: path)
        generation =
            try Self.openIfPresent("generation_config.json", in: path).map { file in
                try file.withBytes { bytes throws(ModelFileError) in
                    try GenerationConfiguration(bytes, file: file.path)
                }
            } ?? GenerationConfiguration()
    }

    /// Tokens that end a text, by whichever file names them.
    package var endTokens: [Int] { configuration.endTokens + generation.endTokens }

    /// `config.json`'s token before a text, for a tokenizer that names none.
    package var beginningToken: Int? { configuration.beginningToken }

    /// The chat template, if there is one: a file of its own goes before one in another file, as in Transformers.
    func readChatTemplate() throws(ModelFileError) -> EmbeddedChatTemplate? {
        if let file = templateFile { return try EmbeddedChatTemplate(file) }
        for file in [templateDocument, tokenizerConfiguration].compactMap(\.self) {
            let template = try file.withBytes { bytes throws(ModelFileError) in
                try TokenizerConfiguration(bytes, file: file.path).chatTemplate
            }
            if let template { return EmbeddedChatTemplate(template, file: file.path, key: "chat_template") }
        }
        return nil
    }

    /// The template for conversations with tools, if there is one apart, from where ``readChatTemplate()`` finds its own.
    func readToolTemplate() throws(ModelFileError) -> EmbeddedChatTemplate? {
        if let file = toolTemplateFile { return try EmbeddedChatTemplate(file) }
        guard templateFile == nil, templateDocument == nil, let file = tokenizerConfiguration else {
            return nil
        }
        return try file.withBytes { bytes throws(ModelFileError) in
            try TokenizerConfiguration(bytes, file: file.path).toolTemplate
        }
        .map { EmbeddedChatTemplate($0, file: file.path, key: "chat_template, tool_use") }
    }

    /// What a model is called by the place of its files: in Hugging Face's cache, where directories and files are named
    /// by hashes (`models--OWNER--NAME/snapshots/HASH`), `OWNER/NAME`.
    package static func modelName(path: String) -> String {
        var path = path
        let last = path.split(separator: "/").last
        if last == nil || last == "." || last == ".." { path = FileSystem.realPath(path) ?? path }
        let parts = path.split(separator: "/").filter { $0 != "." && $0 != ".." }
        for (part, next) in zip(parts, parts.dropFirst()).reversed()
        where part.hasPrefix("models--") && ["snapshots", "blobs"].contains(next) {
            return String(part.dropFirst("models--".count)).replacing("--", with: "/")
        }
        return parts.last.map(String.init) ?? "model"
    }

    private static let wrongDirectory =
        "give a GGUF file, or a directory with config.json, tokenizer.json and *.safetensors as it is downloaded"

    /// One file, or those that the index names.
    private static func openWeights(_ path: String) throws -> [SafeTensorsFile] {
        let single = "\(path)/model.safetensors"
        if FileSystem.isRegularFile(single) { return [try SafeTensorsFile(path: single)] }
        let index = try open("model.safetensors.index.json", in: path, remedy: wrongDirectory)
        let map = try index.withBytes { bytes throws(ModelFileError) in
            try WeightMap(bytes, file: index.path)
        }
        var files: [SafeTensorsFile] = []
        for name in map.fileNames {
            let file = try SafeTensorsFile(path: "\(path)/\(name)")
            let found = Set(file.tensors.map(\.name))
            if let missing = map.tensors(in: name).first(where: { !found.contains($0) }) {
                throw ModelFileError(
                    .missingTensor, file: file.path, subject: missing, found: "no such tensor",
                    expected: "the tensor that \(index.path) says is there",
                    remedy: "the files are of different versions; download the directory again")
            }
            files.append(file)
        }
        return files
    }

    private static func open(_ name: String, in path: String, remedy: String) throws -> MappedFile {
        if let file = try openIfPresent(name, in: path) { return file }
        throw ModelFileError(
            .missingFile, file: "\(path)/\(name)", found: "no such file", expected: "a Hugging Face model",
            remedy: remedy)
    }

    private static func openIfPresent(_ name: String, in path: String) throws -> MappedFile? {
        let file = "\(path)/\(name)"
        guard FileSystem.isRegularFile(file) else { return nil }
        let limit =
            name == "tokenizer.json" ? Limits.tokenizerFileBytesMax : Limits.modelConfigurationBytesMax
        let byteCount = FileSystem.byteCount(of: file) ?? 0
        guard byteCount <= limit else {
            throw ModelFileError(
                .limitExceeded, file: file, found: "\(byteCount) bytes", expected: "at most \(limit)")
        }
        let mapped = try MappedFile(path: file, isKept: true)
        try mapped.withBytes { bytes throws(ModelFileError) in
            try ForeignFile.refuse(bytes, file: file, expected: name)
        }
        return mapped
    }
}

/// `model.safetensors.index.json`: which file holds which tensor.
private struct WeightMap {
    private var tensorsByFile: [String: [String]] = [:]

    var fileNames: [String] { tensorsByFile.keys.sorted() }

    func tensors(in file: String) -> [String] { tensorsByFile[file] ?? [] }

    init(_ bytes: UnsafeRawBufferPointer, file: String) throws(ModelFileError) {
        var json = ModelJSONReader(bytes, file: file)
        var tensorsByFile: [String: [String]] = [:]
        try json.readObject { json, key throws(ModelFileError) in
            guard key == "weight_map" else { return try json.skip() }
            try json.readObject { json, tensor throws(ModelFileError) in
                let name = try json.readText()
                guard Self.isPlainName(name) else {
                    throw json.unexpected("the name of a safetensors file in the same directory")
                }
                tensorsByFile[name, default: []].append(tensor)
                guard tensorsByFile.count <= Limits.modelFilesMax else {
                    throw json.unexpected("at most \(Limits.modelFilesMax) files")
                }
            }
        }
        try json.finish()
        guard !tensorsByFile.isEmpty else { throw json.unexpected("a weight_map with tensors") }
        self.tensorsByFile = tensorsByFile
    }

    /// A name from a file must not become a path elsewhere.
    private static func isPlainName(_ name: String) -> Bool {
        name.hasSuffix(".safetensors") && name.utf8.count <= 255 && !name.hasPrefix(".")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
