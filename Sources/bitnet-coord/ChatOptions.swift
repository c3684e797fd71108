// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import BitNetTokenizer
import CommandLine
import TextGeneration

/// Conversations instead of plain text.
struct ChatOptions: ParsableArguments {
    @Flag(help: "Take --prompt as a message to a chat model, or the lines of --prompts as one conversation.")
    var chat = false

    @Option(
        help: ArgumentHelp("With --chat: what the model is told before the first message.", valueName: "text")
    )
    var system: String?

    @Option(
        help: ArgumentHelp(
            #"Answer the conversation in this file, [{"role": "user", "content": "…"}, …]; “-” is standard input."#,
            valueName: "file"))
    var messages: String?

    @Option(
        help: ArgumentHelp(
            "Format of conversations, if the model's own is not known; “list” names them.", valueName: "name")
    )
    var chatTemplate: String?

    var isOn: Bool { chat || messages != nil }
    var listsTemplates: Bool { chatTemplate == "list" }

    func validate() throws {
        if let chatTemplate, !listsTemplates, ChatTemplate(rawValue: chatTemplate) == nil {
            throw ValidationError("--chat-template must be one of \(ChatTemplate.allNames)")
        }
        guard isOn || listsTemplates || system == nil else {
            throw ValidationError("--system goes with --chat or --messages")
        }
        guard system == nil || messages == nil else {
            throw ValidationError("with --messages, write the system message into the file")
        }
    }

    /// The model's template, or `nil` if plain text is wanted.
    func template(for model: ModelFile, _ console: Console) throws -> ChatTemplate? {
        guard isOn else { return nil }
        let name = chatTemplate.flatMap(ChatTemplate.init(rawValue:))
        let choice = try ChatTemplate.choose(for: model, try model.tokenizer(), named: name)
        if let warning = choice.warning { console.warn(warning) }
        return choice.template
    }

    /// What a serving coordinator turns texts and conversations into tokens with; it has no template for a model that
    /// was not made for conversations.
    ///
    /// - Throws: ``ModelFileError`` for a template that was asked for and does not fit.
    func codec(for model: ModelFile, _ console: Console) throws -> TextCodec {
        let tokenizer = try model.tokenizer()
        let name = chatTemplate.flatMap(ChatTemplate.init(rawValue:))
        do throws(ModelFileError) {
            let choice = try ChatTemplate.choose(for: model, tokenizer, named: name)
            if let warning = choice.warning { console.warn(warning) }
            return TextCodec(tokenizer: tokenizer, template: choice.template)
        } catch {
            guard name == nil else { throw error }
            console.note("no conversations: \(error.message)")
            return TextCodec(
                tokenizer: tokenizer, template: nil, missingTemplate: ChatTemplate.absence(error))
        }
    }

    /// What `--messages` names, read to its end.
    func readMessages(_ input: StandardInput) async throws -> [ChatMessage]? {
        guard let messages else { return nil }
        guard messages == "-" else {
            return try MappedFile(path: messages).withWholeBytes { bytes in
                try ChatMessage.read(json: bytes, file: messages)
            }
        }
        let bytes = Array(try await input.readAll().utf8)
        return try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in
            try ChatMessage.read(json: UnsafeRawBufferPointer(bytes), file: "standard input")
        }
    }
}
