// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import Jinja

/// The chat template of a model's files, as Transformers' `apply_chat_template` renders it.
struct FileTemplate: Sendable {
    let source: String
    private let template: Template
    /// For conversations with tools, if the files have one of its own for them.
    private let toolTemplate: Template?
    /// `bos_token` and others, which templates know by these names.
    private let constants: [(String, JinjaValue)]
    private let markers: TemplateMarkers
    /// The token before every text.
    private let beginning: String?
    private(set) var traits = TemplateTraits()

    /// - Throws: ``ModelFileError`` with the line of what cannot be read.
    init(
        _ embedded: EmbeddedChatTemplate, forTools: EmbeddedChatTemplate? = nil, _ tokenizer: Tokenizer
    ) throws(ModelFileError) {
        source = embedded.text + (forTools?.text ?? "")
        template = try Self.read(embedded)
        var toolTemplate: Template?
        if let forTools { toolTemplate = try Self.read(forTools) }
        self.toolTemplate = toolTemplate
        constants = tokenizer.templateNames.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }
        markers = TemplateMarkers(tokenizer)
        beginning = tokenizer.beginningToken.map(tokenizer.text)
        traits = triedTraits()
    }

    private static func read(_ embedded: EmbeddedChatTemplate) throws(ModelFileError) -> Template {
        do throws(JinjaError) {
            return try Template(embedded.text)
        } catch {
            throw ModelFileError(
                .unsupportedChatTemplate, file: embedded.file, subject: embedded.key ?? "chat template",
                found: PrintableText.line(
                    "line \(error.line), column \(error.column): \(error.message)",
                    bytesMax: Limits.messageBytesMax),
                expected: "a template that can be read",
                remedy:
                    "plain prompts work; give another template with --chat-template-file, or choose one of "
                    + "\(ChatFormat.allNames) with --chat-template")
        }
    }

    // MARK: Writing

    /// The prompt; `nil` if the last message is to be gone on with, and the template does not write its words.
    func pieces(
        for conversation: ChatConversation, now: @escaping (String) -> String?
    ) throws(JinjaError) -> [PromptPiece]? {
        let marks = TemplateMarks(beside: conversation, source)
        func written(_ conversation: ChatConversation) throws(JinjaError) -> String {
            try rendered(
                conversation, traits: traits, guarded: { markers.guarded($0, with: marks.breaker) }, now: now)
        }
        let text: String?
        if conversation.ending == .continuesLast {
            let (marked, space) = conversation.endingWith(marks.end)
            text = marks.beforeEnd(of: try written(marked), space: space)
        } else {
            text = try written(conversation)
        }
        return text.map { withBeginning(markers.pieces(of: $0, without: marks.breaker)) }
    }

    /// - Parameter guarded: what becomes of each text that a person wrote.
    func rendered(
        _ conversation: ChatConversation, traits: TemplateTraits, guarded: (String) -> String,
        now: @escaping (String) -> String?
    ) throws(JinjaError) -> String {
        let chosen = conversation.tools.isEmpty ? template : toolTemplate ?? template
        return try chosen.render(
            constants + conversation.variables(traits, guarded), now: now)
    }

    /// What a template writes at the front is the beginning; it is put before other texts as before every text.
    private func withBeginning(_ pieces: [PromptPiece]) -> [PromptPiece] {
        guard let beginning, pieces.first == .marker(beginning) else {
            return [.beginning(isForced: false)] + pieces
        }
        return [.beginning(isForced: true)] + pieces.dropFirst()
    }

    // MARK: Comparing

    /// Whether it writes what a format does, in a conversation of all that the format knows.
    func writes(_ format: ChatFormat) -> Bool {
        let conversation = ChatConversation(
            [
                ChatMessage(.system, " a "), ChatMessage(.user, " b "), ChatMessage(.assistant, " c "),
                ChatMessage(.user, "d"),
            ], ending: .opensAnswer)
        guard let pieces = try? pieces(for: conversation, now: { _ in nil }) else { return false }
        return text(pieces) == text(format.pieces(for: conversation))
    }

    private func text(_ pieces: [PromptPiece]) -> String {
        pieces.reduce(into: "") { text, piece in
            switch piece {
            case .beginning(let isForced): text += isForced ? beginning ?? "" : ""
            case .marker(let more), .text(let more): text += more
            }
        }
    }

    /// The marker behind what the assistant says.
    var endMarker: String? {
        let words = "qzprobe"
        let conversation = ChatConversation(
            [ChatMessage(.user, "a"), ChatMessage(.assistant, words)], ending: .closed)
        guard let pieces = try? pieces(for: conversation, now: { _ in nil }),
            let place = pieces.firstIndex(where: {
                if case .text(let text) = $0 { text.contains(words) } else { false }
            })
        else { return nil }
        for case .marker(let text) in pieces[place...] { return text }
        return nil
    }
}
