// SPDX-License-Identifier: MIT

package import BitNetCore

extension ChatMessage {
    /// Reads `[{"role": "user", "content": "…"}, …]`.
    ///
    /// A system message may stand first, and the last message is the user's, as the answer to it is wanted.
    ///
    /// - Parameter file: names the text in messages.
    /// - Throws: ``ModelFileError`` with the byte.
    package static func read(
        json bytes: UnsafeRawBufferPointer, file: String
    ) throws(ModelFileError) -> [ChatMessage] {
        guard bytes.count <= Limits.promptBytesMax else {
            throw error(
                .limitExceeded, file, nil, found: "\(bytes.count) bytes",
                expected: "at most \(Limits.promptBytesMax)")
        }
        do throws(ModelFileError) {
            var json = JSONReader(bytes, file: file)
            var messages: [ChatMessage] = []
            try json.readArray { json throws(ModelFileError) in
                guard messages.count < Limits.chatMessagesMax else {
                    throw json.unexpected("at most \(Limits.chatMessagesMax) messages")
                }
                _ = try json.peek()
                let start = json.fileOffset
                let message = try ChatMessage(&json)
                guard message.role != .system || messages.isEmpty else {
                    throw error(
                        .malformedJSON, file, start, found: "a system message",
                        expected: "one only as the first message")
                }
                messages.append(message)
            }
            try json.finish()
            guard messages.last?.role == .user else {
                throw error(
                    .malformedJSON, file, json.fileOffset,
                    found: messages.last.map { "a last message of the \($0.role)" } ?? "no message",
                    expected: "a last message of the user, to be answered")
            }
            return messages
        } catch {
            // What a model file's errors advise does not fit here.
            throw Self.error(
                error.code, file, error.offset, found: error.found, expected: error.expected)
        }
    }

    private init(_ json: inout JSONReader) throws(ModelFileError) {
        var role: ChatRole?
        var content: String?
        try json.readObject { json, key throws(ModelFileError) in
            switch key {
            case "role" where role == nil:
                _ = try json.peek()
                let start = json.fileOffset
                let name = try json.readText()
                guard let known = ChatRole(rawValue: name) else {
                    throw Self.error(
                        .malformedJSON, json.file, start, found: "role “\(ModelFileError.printable(name))”",
                        expected: ChatRole.allCases.map(\.rawValue).joined(separator: ", "))
                }
                role = known
            case "content" where content == nil:
                content = try json.readText()
            case "role", "content":
                throw json.unexpected("“\(key)” once in a message")
            default:
                throw Self.error(
                    .malformedJSON, json.file, json.fileOffset,
                    found: "key “\(ModelFileError.printable(key))”",
                    expected: "role and content")
            }
        }
        guard let role, let content else {
            throw json.unexpected("a message with role and content before this byte")
        }
        self.init(role, content)
    }

    private static func error(
        _ code: ModelFileError.Code, _ file: String, _ offset: Int?, found: String, expected: String
    ) -> ModelFileError {
        ModelFileError(
            code, file: file, subject: "messages", offset: offset, found: found, expected: expected,
            remedy: #"write a JSON array of messages, [{"role": "user", "content": "…"}]"#)
    }
}
