// SPDX-License-Identifier: MIT

import BitNetCore
package import BitNetFormats

extension ChatTemplate {
    /// The template of a model.
    package struct Choice: Equatable, Sendable {
        package let template: ChatTemplate
        /// What a person should know of the choice.
        package let warning: String?
    }

    /// Chooses the template that a model was trained with.
    ///
    /// A template in the model decides, if it is one of these, or with a warning the one that it resembles; without
    /// one the architecture does, and where that says nothing the vocabulary, with a warning. `name` overrides all of
    /// that.
    ///
    /// - Throws: ``ModelFileError`` if there is none, or if the vocabulary lacks its markers.
    package static func choose(
        for model: ModelFile, _ tokenizer: Tokenizer, named name: ChatTemplate? = nil
    ) throws(ModelFileError) -> Choice {
        let choice: Choice
        if let name {
            choice = Choice(template: name, warning: nil)
        } else if let embedded = model.chatTemplate {
            choice = try recognise(embedded)
        } else {
            choice = try guess(model, tokenizer)
        }
        if let marker = choice.template.requiredMarkers.first(where: { tokenizer.specialToken($0) == nil }) {
            throw refusal(
                .unsupportedChatTemplate, model, found: "a vocabulary without \(marker)",
                expected: "the markers of \(choice.template.rawValue)",
                remedy:
                    "the model was not trained with this format; choose another with --chat-template, or give a "
                    + "plain prompt")
        }
        return choice
    }

    /// The names, for messages.
    package static var allNames: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// Which of the templates a model's own is, or which one it resembles.
    private static func recognise(_ embedded: EmbeddedChatTemplate) throws(ModelFileError) -> Choice {
        let foreign: (ChatTemplate) -> String?
        do throws(TemplateOutline.Foreign) {
            let outline = try TemplateOutline(embedded.text)
            foreign = outline.rest(beside:)
        } catch {
            let what = error.what
            foreign = { _ in what }
        }
        if let template = allCases.first(where: { foreign($0) == nil }) {
            return Choice(template: template, warning: nil)
        }
        guard let template = resembled(by: embedded.text) else {
            throw ModelFileError(
                .unsupportedChatTemplate, file: embedded.file, subject: embedded.key ?? "chat template",
                found: "a chat template that this program does not know", expected: "one of \(allNames)",
                remedy: "choose one of these with --chat-template if the model was trained with it")
        }
        let place = embedded.file + (embedded.key.map { ": \($0)" } ?? "")
        let what = ModelFileError.printable(foreign(template) ?? "")
        return Choice(
            template: template,
            warning:
                "\(place): the chat template resembles \(template.rawValue)'s, but also has “\(what)”, which "
                + "is not known here; conversations are written in plain \(template.rawValue) "
                + "(--chat-template \(template.rawValue) says that this is right)")
    }

    /// Which of the templates a Jinja text is made after, by what it contains.
    private static func resembled(by jinja: String) -> ChatTemplate? {
        // Neither spaces nor the kind of quotes mean anything between the parts that are looked for.
        var text = jinja.filter { !$0.isWhitespace }
        text.replace("\"", with: "'")
        if text.contains("<|start_header_id|>"), text.contains("<|eot_id|>") { return .llama3 }
        if text.contains("<|im_start|>"), text.contains("<|im_end|>") { return .chatml }
        if text.contains("message['role']|capitalize"), text.contains("<|eot_id|>") { return .bitnet }
        // Others with the same roles end a user's message with a token.
        let isFalcon = ["<|user|>\\n'+message['content']+'\\n'", "<|user|>'+message['content']+''"]
            .contains { text.contains($0) }
        return isFalcon && text.contains("<|assistant|>") ? .falcon3 : nil
    }

    /// For a model that carries no template.
    private static func guess(_ model: ModelFile, _ tokenizer: Tokenizer) throws(ModelFileError) -> Choice {
        func knows(_ template: ChatTemplate) -> Bool {
            template.requiredMarkers.allSatisfy { tokenizer.specialToken($0) != nil }
        }
        let isMicrosoft = ["bitnet-b1.58", "bitnet-25", "bitnet", "BitNetForCausalLM"].contains(
            model.architecture)
        if isMicrosoft, model.description.activation == .squaredReLU, knows(.bitnet) {
            return Choice(template: .bitnet, warning: nil)
        }
        guard let template = [ChatTemplate.llama3, .chatml].first(where: knows) else {
            throw refusal(
                .missingChatTemplate, model, found: "no chat template", expected: "one of \(allNames)",
                remedy:
                    "a base model continues text: give it a plain prompt, or choose a format with --chat-template"
            )
        }
        return Choice(
            template: template,
            warning: "the model carries no chat template; assuming \(template.rawValue), whose markers its "
                + "vocabulary has (--chat-template decides otherwise)")
    }

    /// What users are told who send a conversation to a model without a template.
    ///
    /// - Parameter error: why there is none; the file's path is not for users.
    package static func absence(_ error: ModelFileError) -> String {
        let remedy = "send a plain prompt, or start the coordinator with --chat-template"
        guard error.code != .missingChatTemplate else { return "the model has no chat template: \(remedy)" }
        return "the model's chat template cannot be used: \(error.subject ?? "there") is \(error.found), not "
            + "\(error.expected); \(remedy)"
    }

    private static func refusal(
        _ code: ModelFileError.Code, _ model: ModelFile, found: String, expected: String, remedy: String
    ) -> ModelFileError {
        ModelFileError(
            code, file: model.path, subject: "chat template", found: found,
            expected: expected, remedy: remedy)
    }
}
