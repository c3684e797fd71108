// SPDX-License-Identifier: MIT

package import BitNetCore
package import BitNetFormats
import Jinja

/// What writes a model's conversations: a template of its own files, or a format in place of one.
package struct ChatTemplate: Sendable {
    private enum Writer: Sendable {
        case format(ChatFormat)
        case file(FileTemplate)
    }

    private let writer: Writer
    /// The format that it is, or whose text the template of a file writes; `nil` if that has its own.
    package let format: ChatFormat?
    /// Tokens that end an answer, beside those that end every generation.
    package let stopMarkers: [String]
    /// Where the template of a file comes from, for people.
    private let origin: String
    /// What a conversation may have, and whether the model thinks.
    package let traits: TemplateTraits

    package init(_ format: ChatFormat) {
        writer = .format(format)
        origin = ""
        self.format = format
        stopMarkers = format.stopMarkers
        traits = TemplateTraits()
    }

    /// The template of a model's files.
    ///
    /// - Parameters:
    ///   - forTools: the one for conversations with tools, if there is one apart.
    ///   - origin: where it comes from, for people.
    /// - Throws: ``ModelFileError`` with the line of what cannot be read.
    package init(
        _ embedded: EmbeddedChatTemplate, forTools: EmbeddedChatTemplate? = nil, _ tokenizer: Tokenizer,
        origin: String = "the model's own"
    ) throws(ModelFileError) {
        self.origin = origin
        let file = try FileTemplate(embedded, forTools: forTools, tokenizer)
        writer = .file(file)
        traits = file.traits
        format = ChatFormat.allCases.first(where: file.writes)
        stopMarkers = file.endMarker.map { [$0] } ?? []
    }

    /// The source of a file's template, with that for tools behind it; `nil` for a format.
    package var source: String? {
        if case .file(let file) = writer { file.source } else { nil }
    }

    /// What it is and does, in a line for people.
    package var summary: String {
        let name = format?.rawValue
        let kind =
            source == nil ? name ?? "" : origin + (name.map { ", which writes \($0)" } ?? "")
        return "\(kind); \(traits.readsTools ? "tools" : "no tools"); "
            + (traits.thinking == .never ? "no thinking" : "thinks \(traits.thinking.rawValue)")
    }

    /// Texts that end an answer: a model that goes on with the user's part.
    package var stopTexts: [String] { format?.stopTexts ?? [] }

    /// The prompt that makes the model go on from a conversation.
    ///
    /// As much work as ``JinjaLimits`` let a template do: seconds for a hostile one.
    ///
    /// - Parameter now: the time in a format of `strftime`.
    /// - Throws: ``GenerationError`` (`.invalid`) with the template's line, or with its own words if it refuses the
    ///   conversation.
    package func pieces(
        for conversation: ChatConversation, now: @escaping (String) -> String?
    ) throws(GenerationError) -> [PromptPiece] {
        switch writer {
        case .format(let format): return format.pieces(for: conversation)
        case .file(let file):
            let pieces: [PromptPiece]?
            do throws(JinjaError) {
                pieces = try file.pieces(for: conversation, now: now)
            } catch {
                let words = PrintableText.line(error.text, bytesMax: Limits.messageBytesMax)
                throw GenerationError(
                    .invalid, error.kind == .raised ? "the chat template refuses this: \(words)" : words)
            }
            guard let pieces else {
                throw GenerationError(
                    .invalid,
                    "the chat template leaves out what the last message says, so it cannot be gone on with; let it be answered instead"
                )
            }
            return pieces
        }
    }
}
