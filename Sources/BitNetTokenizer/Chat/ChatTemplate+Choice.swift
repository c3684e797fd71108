// SPDX-License-Identifier: MIT

import BitNetCore
package import BitNetFormats

extension ChatTemplate {
    /// The template of a model.
    package struct Choice: Sendable {
        package let template: ChatTemplate
        /// What a person should know of the choice.
        package let warning: String?
    }

    /// Chooses the template of a model.
    ///
    /// A template in the model's files is what writes; without one the architecture decides, and where that says
    /// nothing the vocabulary, with a warning. `file` and `name` override all of that.
    ///
    /// - Parameters:
    ///   - name: a format instead of the model's template.
    ///   - file: a template that a person gave.
    /// - Throws: ``ModelFileError`` if there is none, if it cannot be read, or if the vocabulary lacks the markers of a
    ///   format.
    package static func choose(
        for model: ModelFile, _ tokenizer: Tokenizer, named name: ChatFormat? = nil,
        file: EmbeddedChatTemplate? = nil
    ) throws(ModelFileError) -> Choice {
        if let file {
            let origin = "that of \(PrintableText.line(file.file, bytesMax: Limits.pathBytesMax))"
            return Choice(template: try ChatTemplate(file, tokenizer, origin: origin), warning: nil)
        }
        let choice: (format: ChatFormat, warning: String?)
        if let name {
            choice = (name, nil)
        } else if let embedded = model.chatTemplate {
            return Choice(
                template: try ChatTemplate(embedded, forTools: model.toolTemplate, tokenizer), warning: nil)
        } else {
            choice = try guess(model, tokenizer)
        }
        if let marker = choice.format.requiredMarkers.first(where: { tokenizer.specialToken($0) == nil }) {
            throw refusal(
                .unsupportedChatTemplate, model, found: "a vocabulary without \(marker)",
                expected: "the markers of \(choice.format.rawValue)",
                remedy:
                    "the model was not trained with this format; choose another with --chat-template, or give a "
                    + "plain prompt")
        }
        return Choice(template: ChatTemplate(choice.format), warning: choice.warning)
    }

    /// For a model that carries no template.
    private static func guess(
        _ model: ModelFile, _ tokenizer: Tokenizer
    ) throws(ModelFileError) -> (format: ChatFormat, warning: String?) {
        func knows(_ template: ChatFormat) -> Bool {
            template.requiredMarkers.allSatisfy { tokenizer.specialToken($0) != nil }
        }
        let isMicrosoft = ["bitnet-b1.58", "bitnet-25", "bitnet", "BitNetForCausalLM"].contains(
            model.architecture)
        if isMicrosoft, model.description.activation == .squaredReLU, knows(.bitnet) {
            return (.bitnet, nil)
        }
        guard let template = [ChatFormat.llama3, .chatml].first(where: knows) else {
            throw refusal(
                .missingChatTemplate, model, found: "no chat template",
                expected: "one of \(ChatFormat.allNames)",
                remedy:
                    "a base model continues text: give it a plain prompt, or choose a format with --chat-template"
            )
        }
        return (
            template,
            "the model carries no chat template; assuming \(template.rawValue), whose markers its "
                + "vocabulary has (--chat-template decides otherwise)"
        )
    }

    /// What users are told who send a conversation to a model without a template.
    ///
    /// - Parameter error: why there is none; the file's path is not for users.
    package static func absence(_ error: ModelFileError) -> String {
        let remedy =
            "send a plain prompt, or start the coordinator with --chat-template or --chat-template-file"
        guard error.code != .missingChatTemplate else { return "the model has no chat template: \(remedy)" }
        return
            "the model's chat template cannot be used: \(error.subject ?? "there"): found \(error.found), expected "
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
