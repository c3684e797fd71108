// SPDX-License-Identifier: MIT
import BitNetCore

/// The files that make up one model.
package struct ModelFiles: Equatable, Sendable {
    package enum Container: Equatable, Sendable {
        /// One GGUF, perhaps split over several files.
        case gguf
        /// safetensors with what stands beside them.
        case directory
    }

    package let container: Container
    package let files: [HubFile]

    /// What is opened, from the repository's folder: the first GGUF, or the folder itself, which is empty.
    package var path: String { container == .gguf ? files.first?.path.text ?? "" : "" }
    package var byteCount: UInt64 { files.reduce(0) { $0.addingSaturating($1.byteCount) } }

    /// By which name it can be asked for.
    package var choice: String { container == .gguf ? path : ModelChoice.directory }
}

/// Which files of a repository are the model that is meant.
package struct ModelChoice: Sendable {
    /// What asks for the safetensors where there are GGUFs too.
    package static let directory = "safetensors"

    /// Names of quantisations that can be run, as they stand in files' names.
    private let readable: Set<String>

    package init(readable: some Sequence<String>) {
        self.readable = Set(readable.map { $0.uppercased() })
    }

    /// Chooses.
    ///
    /// - Throws: ``HubError`` that lists the candidates if it is none, or several.
    package func choose(_ reference: HubReference, from files: [HubFile]) throws(HubError) -> ModelFiles {
        let sets = try Self.ggufs(files, of: reference)
        let directory = Self.directory(files)
        let all = sets + [directory].compactMap(\.self)
        guard let choice = reference.choice else {
            return try chooseAlone(reference, sets: sets, directory: directory)
        }
        if choice.lowercased() == Self.directory, let directory { return directory }
        if let exact = sets.first(where: { $0.files.contains { $0.path.text == choice } }) { return exact }
        let named = sets.filter { $0.files.contains { $0.path.name == choice } }
        let matching =
            named.isEmpty
            ? sets.filter { Self.words(of: $0).contains(choice.uppercased()) } : named
        if matching.count == 1, let only = matching.first { return only }
        guard matching.isEmpty else {
            throw HubError("\(reference) may be several models: \(Self.list(matching, reference)); name one")
        }
        guard !all.isEmpty else { throw Self.nothing(reference) }
        throw HubError(
            "\(reference.repository) has no model “\(choice)”; it has \(Self.list(all, reference))")
    }

    private func chooseAlone(
        _ reference: HubReference, sets: [ModelFiles], directory: ModelFiles?
    ) throws(HubError) -> ModelFiles {
        let ternary = sets.filter { !Self.words(of: $0).isDisjoint(with: readable) }
        if ternary.count == 1, let only = ternary.first { return only }
        if sets.count == 1, let only = sets.first { return only }
        if sets.isEmpty, let directory { return directory }
        guard let candidates = ternary.isEmpty ? (sets.isEmpty ? nil : sets) : ternary else {
            throw Self.nothing(reference)
        }
        let all = candidates + [directory].compactMap(\.self)
        throw HubError(
            "\(reference) has several models: \(Self.list(all, reference)); name one of them behind a colon")
    }

    private static func nothing(_ reference: HubReference) -> HubError {
        HubError(
            "\(reference.repository) at revision \(reference.revision) has no GGUF file, and no config.json with "
                + "model.safetensors: it is no model that can be run here")
    }

    /// Candidates as they are asked for, with their sizes.
    private static func list(_ models: [ModelFiles], _ reference: HubReference) -> String {
        let named = models.prefix(Limits.hubCandidatesNamedMax).map {
            ":\($0.choice) (\(ByteCount.text($0.byteCount)))"
        }
        return named.joined(separator: ", ")
            + (models.count > named.count ? " and \(models.count - named.count) more" : "")
    }

    // MARK: What there is

    /// Words of a file's name, in capitals, of which one may be its quantisation.
    private static func words(of model: ModelFiles) -> Set<String> {
        let name = model.files.first?.path.name.uppercased() ?? ""
        let stem = name.hasSuffix(".GGUF") ? name.dropLast(5) : name[...]
        return Set(stem.split(whereSeparator: { $0 == "-" || $0 == "." }).map(String.init))
    }

    /// One for each GGUF, by path; what belongs to one besides its weights does not count.
    private static func ggufs(
        _ files: [HubFile], of reference: HubReference
    ) throws(HubError) -> [ModelFiles] {
        let all = files.filter { $0.path.text.hasSuffix(".gguf") && !isAddition($0.path.name.lowercased()) }
        let known = Dictionary(all.map { ($0.path.text, $0) }, uniquingKeysWith: { first, _ in first })
        var sets: [ModelFiles] = []
        for file in all.sorted(by: { $0.path < $1.path }) where known[file.path.text] == file {
            guard let split = SplitFileName(path: file.path.text) else {
                sets.append(ModelFiles(container: .gguf, files: [file]))
                continue
            }
            guard split.number == 1 else { continue }
            let parts = (1...split.count).compactMap { known[split.path(of: $0)] }
            guard parts.count == split.count else {
                throw HubError(
                    "\(reference.repository) has \(parts.count) of the \(split.count) files of "
                        + "\(file.path.text); its owner has not uploaded all of them")
            }
            sets.append(ModelFiles(container: .gguf, files: parts))
        }
        return sets
    }

    /// Projectors of images and matrices of importance.
    private static func isAddition(_ name: String) -> Bool {
        name.contains("mmproj") || name.contains("imatrix")
    }

    /// What `model.safetensors` needs beside it.
    private static func directory(_ files: [HubFile]) -> ModelFiles? {
        let wanted: Set = [
            "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
            "chat_template.jinja", "chat_template.json", "additional_chat_templates/tool_use.jinja",
            "model.safetensors.index.json", "special_tokens_map.json",
        ]
        var chosen: [String: HubFile] = [:]
        for file in files
        where wanted.contains(file.path.text) || file.path.folder.isEmpty && isWeights(file.path.name) {
            chosen[file.path.text] = file
        }
        guard chosen["config.json"] != nil, chosen.keys.contains(where: isWeights) else { return nil }
        // Some repositories hold the same weights whole and in pieces; the whole one is read.
        if chosen["model.safetensors"] != nil {
            chosen = chosen.filter { !isWeights($0.key) || $0.key == "model.safetensors" }
        }
        return ModelFiles(container: .directory, files: chosen.values.sorted { $0.path < $1.path })
    }

    private static func isWeights(_ name: String) -> Bool {
        name == "model.safetensors" || name.wholeMatch(of: /model-[0-9]{5}-of-[0-9]{5}\.safetensors/) != nil
    }
}
