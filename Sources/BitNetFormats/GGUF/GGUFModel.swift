// SPDX-License-Identifier: MIT

import BitNetCore

/// The files of one GGUF model, one or several; the first one's metadata speak for all.
struct GGUFModel {
    let files: [GGUFFile]
    let tensors: [SourceTensor]
    private let index: [String: Int]

    /// What the files say of the model.
    var metadata: GGUFFile { files[0] }

    func tensor(_ name: String) -> SourceTensor? { index[name].map { tensors[$0] } }

    /// Opens the file at `path` and, if it is one of several, all others, whichever was named.
    ///
    /// - Throws: ``FileError`` or ``ModelFileError``.
    init(path: String, options: ModelOptions) throws {
        let file = try GGUFFile(path: path)
        let count = try file.integer("split.count") ?? 1
        guard count > 1 else {
            try self.init([file], options: options)
            return
        }
        guard let name = SplitFileName(path: path), name.count == count else {
            throw Self.splitError(
                file, "split.count", found: "one of \(count) files named \(ModelFileError.printable(path))",
                expected: "a name that ends with -00001-of-\(count).gguf, by which the others are found",
                remedy: "give the files the names that llama-gguf-split gave them, or merge them with "
                    + "llama-gguf-split --merge")
        }
        guard count <= Limits.modelFilesMax else {
            throw Self.splitError(
                file, "split.count", found: "\(count) files", expected: "at most \(Limits.modelFilesMax)",
                remedy: "merge the files with llama-gguf-split --merge")
        }
        let files = try (1...count).map {
            $0 == name.number ? file : try GGUFFile(path: name.path(of: $0))
        }
        try self.init(files, options: options)
    }

    /// - Precondition: there is at least one file.
    init(_ files: [GGUFFile], options: ModelOptions) throws(ModelFileError) {
        self.files = files
        try Self.checkSplit(files)
        var tensors: [SourceTensor] = []
        var index: [String: Int] = [:]
        for file in files {
            for tensor in file.tensors {
                guard index.updateValue(tensors.count, forKey: tensor.name) == nil else {
                    throw ModelFileError(
                        .duplicateTensor, file: file.path, subject: tensor.name, offset: tensor.offset,
                        found: "the tensor again", expected: "each tensor in one of the files")
                }
                tensors.append(file.sourceTensor(tensor, i2sLayout: options.i2sLayout))
            }
        }
        self.tensors = tensors
        self.index = index
    }

    private static func checkSplit(_ files: [GGUFFile]) throws(ModelFileError) {
        let count = try files[0].integer("split.count") ?? 1
        guard count > 1 || files.count > 1 else { return }
        for (number, file) in files.enumerated() {
            let fileCount = try file.integer("split.count") ?? 1
            let fileNumber = try file.integer("split.no") ?? -1
            guard fileCount == files.count, fileNumber == number else {
                throw splitError(
                    file, "split.no", found: "number \(fileNumber) of \(fileCount)",
                    expected: "number \(number) of \(files.count)",
                    remedy: "the files belong to different models, or were renamed; download them again")
            }
        }
        let expected = try files[0].integer("split.tensors.count")
        let found = files.reduce(0) { $0 + $1.tensors.count }
        guard expected == nil || expected == found else {
            throw splitError(
                files[0], "split.tensors.count", found: "\(found) tensors in \(files.count) files",
                expected: "\(expected ?? 0)", remedy: "a file is of another version; download all again")
        }
    }

    private static func splitError(
        _ file: GGUFFile, _ key: String, found: String, expected: String, remedy: String
    ) -> ModelFileError {
        ModelFileError(
            .splitFile, file: file.path, subject: key, found: found, expected: expected, remedy: remedy)
    }
}

extension GGUFFile {
    fileprivate func sourceTensor(_ tensor: GGUFTensor, i2sLayout: I2SLayout) -> SourceTensor {
        var content = tensor.type.content
        if content == .ternary(.i2s(.a)) { content = .ternary(.i2s(i2sLayout)) }
        return SourceTensor(
            name: tensor.name, typeName: tensor.type.name, rows: tensor.rows, columns: tensor.columns,
            content: content, file: path, offset: tensor.offset, byteCount: tensor.byteCount ?? 0,
            source: source)
    }
}

extension ModelSource {
    /// Reads what a GGUF says of its model.
    ///
    /// - Throws: ``ModelFileError`` naming the key or the tensor.
    init(_ model: GGUFModel, options: ModelOptions) throws(ModelFileError) {
        let gguf = model.metadata
        let metadata = try ModelMetadata(model)
        let description = try metadata.description(activation: options.activation)
        var warnings = metadata.warnings(description)
        if options.activation == nil, try metadata.assumesActivation() {
            warnings.append(
                "the file does not say which activation the model was trained with; assuming "
                    + (description.activation == .siLU ? "SiLU" : "squared ReLU")
                    + " (--activation decides otherwise)")
        }
        let count = model.files.count
        self.init(
            path: gguf.path, container: "GGUF \(gguf.version)" + (count > 1 ? ", \(count) files" : ""),
            architecture: metadata.family.rawValue, description: description, naming: .gguf,
            tensors: model.tensors, isWeightOnly: metadata.family.isWeightOnly,
            quantisesMasters: options.quantisesMasters, scaleDirection: .multiplies,
            chatTemplate: try Self.chatTemplate(gguf, &warnings),
            isSynthetic: try gguf.flag("bitnet_coord.synthetic") ?? false, tokenizer: .gguf(gguf),
            files: model.files.compactMap(\.sourceFile))
        let toolKey = "tokenizer.chat_template.tool_use"
        toolTemplate = try gguf.text(toolKey).map { EmbeddedChatTemplate($0, file: gguf.path, key: toolKey) }
        sampling = try gguf.samplingDefaults(&warnings)
        self.warnings = warnings + gguf.vocabularyWarnings
    }

    /// 2B-4T's official GGUF carries a template that makes the model speak for both sides without end.
    private static func chatTemplate(
        _ gguf: GGUFFile, _ warnings: inout [String]
    ) throws(ModelFileError) -> EmbeddedChatTemplate? {
        let key = "tokenizer.chat_template"
        guard let template = try gguf.text(key) else { return nil }
        guard !template.contains("BITNETAssistant") else {
            warnings.append(
                "the file's chat template is not the one the model was trained with, and would make it talk to "
                    + "itself without end; ignored")
            return nil
        }
        return EmbeddedChatTemplate(template, file: gguf.path, key: key)
    }
}
