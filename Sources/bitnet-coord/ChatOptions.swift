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
            "Format of conversations instead of the model's own chat template; “list” names them.",
            valueName: "name"))
    var chatTemplate: String?

    @Option(
        help: ArgumentHelp(
            "Chat template (Jinja) instead of the model's own.", valueName: "file"))
    var chatTemplateFile: String?

    var isOn: Bool { chat || messages != nil }
    var listsTemplates: Bool { chatTemplate == "list" }

    func validate() throws {
        if let chatTemplate, !listsTemplates, ChatFormat(rawValue: chatTemplate) == nil {
            throw ValidationError("--chat-template must be one of \(ChatFormat.allNames)")
        }
        guard chatTemplate == nil || chatTemplateFile == nil else {
            throw ValidationError("give --chat-template or --chat-template-file, not both")
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
        let choice = try choice(for: model, try model.tokenizer())
        if let warning = choice.warning { console.warn(warning) }
        return choice.template
    }

    /// What a serving coordinator turns texts and conversations into tokens with; it has no template for a model that
    /// was not made for conversations.
    ///
    /// - Throws: ``ModelFileError`` for a template that was asked for and does not fit.
    func codec(for model: ModelFile, _ console: Console) throws -> TextCodec {
        let tokenizer = try model.tokenizer()
        do {
            let choice = try choice(for: model, tokenizer)
            if let warning = choice.warning { console.warn(warning) }
            console.note("chat template: \(choice.template.summary)")
            return TextCodec(tokenizer: tokenizer, template: choice.template)
        } catch let error as ModelFileError {
            guard chatTemplate == nil, chatTemplateFile == nil else { throw error }
            console.note("no conversations: \(error.message)")
            return TextCodec(
                tokenizer: tokenizer, template: nil, missingTemplate: ChatTemplate.absence(error))
        }
    }

    /// - Throws: ``ModelFileError``, or ``FileError`` for a template's file that cannot be read.
    private func choice(for model: ModelFile, _ tokenizer: Tokenizer) throws -> ChatTemplate.Choice {
        let file = try chatTemplateFile.map { path in
            let file = try MappedFile(path: path)
            guard file.bytes.count <= Limits.chatTemplateBytesMax else {
                throw ModelFileError(
                    .limitExceeded, file: path, found: "\(file.bytes.count) bytes",
                    expected: "a chat template of at most \(Limits.chatTemplateBytesMax)")
            }
            return try EmbeddedChatTemplate(file)
        }
        return try ChatTemplate.choose(
            for: model, tokenizer, named: chatTemplate.flatMap(ChatFormat.init(rawValue:)), file: file)
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
