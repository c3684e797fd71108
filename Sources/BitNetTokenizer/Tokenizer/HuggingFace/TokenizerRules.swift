// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats

/// What the components of a tokenizer.json come to, out of the few ways that models of this kind use.
struct TokenizerRules {
    /// What is done to a text first.
    let form: TextForm
    /// How it is cut, and merged byte by byte; `nil` if characters merge, over words or over the whole.
    let preTokenizer: PreTokenizer?
    /// The token that the post-processor puts before a text.
    let beginning: Int?

    private static let space = "▁"

    /// - Parameter preTokenizer: rules that a person named, instead of the file's expressions.
    /// - Throws: ``ModelFileError`` naming the component that is not known.
    init(_ file: TokenizerFile, preTokenizer: String?) throws(ModelFileError) {
        beginning = try Self.beginning(file)
        guard file.preTokenizer.contains(where: Self.isByteLevel) else {
            form = TextForm(isSentencePiece: true, prefix: try Self.prefix(file))
            self.preTokenizer = nil
            return
        }
        let composes = file.normalizer.map(\.type) == ["NFC"]
        guard file.normalizer.isEmpty || composes else {
            throw Self.unsupported(
                file, "normalizer", found: file.normalizer.summary,
                expected: "none or NFC with byte-level BPE")
        }
        let named = try Self.named(preTokenizer, file)
        if let named { self.preTokenizer = named } else { self.preTokenizer = try Self.preTokenizer(file) }
        let addsSpace = file.preTokenizer.contains { $0["add_prefix_space"].flag == true }
        form = TextForm(
            isSentencePiece: false, prefix: addsSpace ? .unlessThere : .never, composes: composes)
    }

    private static func named(_ name: String?, _ file: TokenizerFile) throws(ModelFileError) -> PreTokenizer?
    {
        guard let name else { return nil }
        guard let preTokenizer = PreTokenizer(name: name) else {
            throw unsupported(
                file, "pre-tokenizer", found: name, expected: PreTokenizer.knownNames,
                remedy: "ask for one of these")
        }
        return preTokenizer
    }

    // MARK: Byte-level BPE

    private static func isByteLevel(_ step: TokenizerComponent) -> Bool { step.type == "ByteLevel" }

    private static func preTokenizer(_ file: TokenizerFile) throws(ModelFileError) -> PreTokenizer {
        // ByteLevel replaces characters, so what stands behind it would see others than the passes here do.
        var steps = file.preTokenizer
        // Behind an expression it would put a space before every piece.
        if let last = steps.popLast(), isByteLevel(last),
            steps.isEmpty || last["add_prefix_space"].flag != true
        {
            var passes = steps.compactMap(pass)
            if last["use_regex"].flag ?? true { passes.append(.gpt2) }
            if passes.count >= steps.count, !passes.isEmpty { return PreTokenizer(passes: passes) }
        }
        throw unsupported(
            file, "pre_tokenizer", found: file.preTokenizer.summary,
            expected:
                "expressions that are known (Llama 3, Qwen, GPT-2, llama.cpp's default), then ByteLevel",
            remedy: "--pre-tokenizer uses rules that are known instead: \(PreTokenizer.knownNames)")
    }

    private static func pass(_ step: TokenizerComponent) -> PreTokenizer.Pass? {
        let isInverted = step["invert"].flag ?? false
        switch (step.type, step["behavior"].text) {
        case ("Split", "Isolated") where !isInverted, ("Split", "Removed") where isInverted:
            guard let expression = step["pattern"]["Regex"].text, let pass = known[expression] else {
                return nil
            }
            // What an inverted split does not match is lost; these match every character.
            return !isInverted || covering.contains(expression) ? pass : nil
        case ("Digits", _): return step["individual_digits"].flag == true ? .singleNumbers : .numbers
        default: return nil
        }
    }

    private static let gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    private static let gpt2Short =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"#
    private static let llama3 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    private static let qwen2 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let qwen35 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let covering: Set<String> = [llama3, gpt2, qwen2, qwen35]

    /// Expressions and what does the same by hand.
    private static let known: [String: PreTokenizer.Pass] = [
        llama3: .llama3, qwen2: .qwen2, qwen35: .qwen35, gpt2: .gpt2, gpt2Short: .gpt2,
        #"[\p{P}\$\+<=>\^~\|]+"#: .punctuation, #"\p{N}+"#: .numbers, #"\p{N}"#: .singleNumbers,
        "[0-9][0-9][0-9]": .digitTriples,
    ]

    // MARK: Merges of characters

    private static func prefix(_ file: TokenizerFile) throws(ModelFileError) -> TextForm.Prefix {
        guard file.model.fallsBackToBytes else {
            throw unsupported(
                file, "pre_tokenizer", found: "\(file.preTokenizer.summary), and no byte_fallback",
                expected: "ByteLevel, or merges of characters with byte_fallback")
        }
        var steps = file.normalizer
        var prefix = TextForm.Prefix.never
        if let first = steps.first, first.type == "Prepend", first["prepend"].text == space {
            prefix = .always
            steps.removeFirst()
        }
        let replaces =
            steps.count == 1 && steps[0].type == "Replace" && steps[0]["pattern"]["String"].text == " "
            && steps[0]["content"].text == space
        if replaces, file.preTokenizer.isEmpty { return prefix }
        if file.normalizer.isEmpty, file.preTokenizer.count == 1,
            let prefix = metaspacePrefix(file.preTokenizer[0])
        {
            return prefix
        }
        throw unsupported(
            file, "normalizer and pre_tokenizer",
            found: "\(file.normalizer.summary); \(file.preTokenizer.summary)",
            expected: "Prepend ▁ and Replace “ ” by ▁, or Metaspace that does not split")
    }

    /// Splitting would keep two spaces in a row from becoming one token.
    private static func metaspacePrefix(_ step: TokenizerComponent) -> TextForm.Prefix? {
        guard step.type == "Metaspace", step["replacement"].text == space, step["split"].flag == false else {
            return nil
        }
        switch step["prepend_scheme"].text {
        case "always": return .unlessThere
        case "first": return .firstUnlessThere
        case "never": return .never
        case nil: return step["add_prefix_space"].flag ?? true ? .unlessThere : .never
        default: return nil
        }
    }

    // MARK: Around the text

    /// The token of a `TemplateProcessing` whose single text is one token and the text, or the text alone.
    private static func beginning(_ file: TokenizerFile) throws(ModelFileError) -> Int? {
        var beginning: Int?
        for step in file.postProcessor where step.type != "ByteLevel" {
            let items = step["single"].list
            let names = items.dropLast().map { $0["SpecialToken"]["id"].text }
            guard step.type == "TemplateProcessing", let last = items.last, last["Sequence"] != .null,
                names.count <= 1, beginning == nil
            else { throw unsupportedTemplate(file, step) }
            guard let name = names.first else { continue }
            let ids = step["special_tokens"][name ?? ""]["ids"].list.map(\.integer)
            guard ids.count == 1, let id = ids[0], (0..<file.model.idCount).contains(id) else {
                throw unsupportedTemplate(file, step)
            }
            beginning = id
        }
        return beginning
    }

    private static func unsupportedTemplate(
        _ file: TokenizerFile, _ step: TokenizerComponent
    ) -> ModelFileError {
        let items = step["single"].list.map { $0["SpecialToken"]["id"].text ?? "the text" }
        return unsupported(
            file, "post_processor", found: "\(step.type): \(items.joined(separator: " "))",
            expected: "ByteLevel, or TemplateProcessing of at most one token and the text")
    }

    private static func unsupported(
        _ file: TokenizerFile, _ subject: String, found: String, expected: String,
        remedy: String = "this kind of tokenizer is not supported; use a GGUF of the model"
    ) -> ModelFileError {
        ModelFileError(
            .unsupportedTokenizer, file: file.path, subject: subject,
            found: PrintableText.line(found, bytesMax: 1024),
            expected: expected, remedy: remedy)
    }
}
