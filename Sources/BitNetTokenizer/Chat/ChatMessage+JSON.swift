// SPDX-License-Identifier: MIT

package import BitNetCore

extension ChatMessage {
    /// Reads `[{"role": "user", "content": "…"}, …]`.
    ///
    /// What the last one says is answered, or gone on with if the assistant says it.
    ///
    /// - Parameter file: names the text in messages.
    /// - Throws: ``JSONError`` with the byte.
    package static func read(
        json bytes: UnsafeRawBufferPointer, file: String
    ) throws(JSONError) -> [ChatMessage] {
        do throws(JSONError) {
            var json = JSONReader<JSONError>(bytes, file: file)
            guard bytes.count <= Limits.promptBytesMax else {
                throw json.failure(
                    at: Limits.promptBytesMax, found: "\(bytes.count) bytes",
                    expected: "at most \(Limits.promptBytesMax)")
            }
            let messages = try read(&json)
            try json.finish()
            guard ChatConversation(messages).fault == nil else {
                throw json.failure(
                    at: json.fileOffset, found: messages.isEmpty ? "no message" : "too much",
                    expected: "messages, the last of which is to be answered")
            }
            return messages
        } catch {
            throw JSONError(
                file: "\(file): messages", offset: error.offset, found: error.found, expected: error.expected,
                remedy: #"write a JSON array of messages, [{"role": "user", "content": "…"}]"#)
        }
    }

    private static func read(_ json: inout JSONReader<JSONError>) throws(JSONError) -> [ChatMessage] {
        var messages: [ChatMessage] = []
        try json.readArray { json throws(JSONError) in
            guard messages.count < Limits.chatMessagesMax else {
                throw json.unexpected("at most \(Limits.chatMessagesMax) messages")
            }
            messages.append(try ChatMessage(&json))
        }
        return messages
    }

    private init(_ json: inout JSONReader<JSONError>) throws(JSONError) {
        var role: ChatRole?
        var content: String?
        try json.readObject { json, key throws(JSONError) in
            switch key {
            case "role" where role == nil: role = try ChatRole(&json)
            case "content" where content == nil: content = try json.readText()
            case "role", "content": throw json.unexpected("“\(key)” once in a message")
            default:
                throw json.failure(
                    at: json.fileOffset, found: "key “\(PrintableText.line(key, bytesMax: 99))”",
                    expected: "role and content")
            }
        }
        guard let role, let content else {
            throw json.unexpected("a message with role and content before this byte")
        }
        self.init(role, content)
    }
}

extension ChatRole {
    /// Those whose messages are text alone.
    private static let speakers: [ChatRole] = [.system, .user, .assistant]

    fileprivate init(_ json: inout JSONReader<JSONError>) throws(JSONError) {
        _ = try json.peek()
        let start = json.fileOffset
        let name = try json.readText()
        guard let known = Self.speakers.first(where: { $0.rawValue == name }) else {
            throw json.failure(
                at: start, found: "role “\(PrintableText.line(name, bytesMax: 99))”",
                expected: Self.speakers.map(\.rawValue).joined(separator: ", "))
        }
        self = known
    }
}
