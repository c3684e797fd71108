// SPDX-License-Identifier: MIT

package import BitNetCore

extension ChatMessage {
    /// Reads `[{"role": "user", "content": "…"}, …]`.
    ///
    /// A system message may stand first, and the last message is the user's, as the answer to it is wanted.
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
            let (messages, starts) = try read(&json)
            try json.finish()
            if let fault = messages.fault { throw error(of: fault, starts, json) }
            return messages
        } catch {
            throw JSONError(
                file: "\(file): messages", offset: error.offset, found: error.found, expected: error.expected,
                remedy: #"write a JSON array of messages, [{"role": "user", "content": "…"}]"#)
        }
    }

    /// - Returns: the messages, and where each begins, in bytes from the start of the file.
    private static func read(
        _ json: inout JSONReader<JSONError>
    ) throws(JSONError) -> (messages: [ChatMessage], starts: [Int]) {
        var messages: [ChatMessage] = []
        var starts: [Int] = []
        try json.readArray { json throws(JSONError) in
            guard messages.count < Limits.chatMessagesMax else {
                throw json.unexpected("at most \(Limits.chatMessagesMax) messages")
            }
            _ = try json.peek()
            starts.append(json.fileOffset)
            messages.append(try ChatMessage(&json))
        }
        return (messages, starts)
    }

    private static func error(
        of fault: ConversationFault, _ starts: [Int], _ json: JSONReader<JSONError>
    ) -> JSONError {
        switch fault {
        case .misplacedSystem(let index):
            json.failure(
                at: starts[index], found: "a system message", expected: "one only as the first message")
        case .nothingToAnswer(let role):
            json.failure(
                at: json.fileOffset, found: "a last message of the \(role)",
                expected: "a last message of the user, to be answered")
        case .empty, .tooMany, .tooLong:
            json.failure(
                at: json.fileOffset, found: starts.isEmpty ? "no message" : "too much",
                expected: "a last message of the user, to be answered")
        }
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
    fileprivate init(_ json: inout JSONReader<JSONError>) throws(JSONError) {
        _ = try json.peek()
        let start = json.fileOffset
        let name = try json.readText()
        guard let known = ChatRole(rawValue: name) else {
            throw json.failure(
                at: start, found: "role “\(PrintableText.line(name, bytesMax: 99))”",
                expected: ChatRole.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self = known
    }
}
