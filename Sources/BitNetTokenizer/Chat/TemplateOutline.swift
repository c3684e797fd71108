// SPDX-License-Identifier: MIT

/// What a Jinja template writes, whichever way it branches: fixed text, and places for what a conversation says.
///
/// Only templates that do nothing but write messages one after the other have one.
struct TemplateOutline {
    /// Something that the template does beside writing messages, and no format here knows.
    struct Foreign: Error {
        /// As the template has it.
        let what: String
    }

    /// Characters of Unicode's private use, which stand for what a template fills in.
    private enum Place {
        static let role = "\u{E000}"
        static let capitalRole = "\u{E001}"
        static let content = "\u{E002}"
        static let trimmedContent = "\u{E003}"
        static let end = "\u{E004}"
    }

    private var text = ""

    init(_ template: String) throws(Foreign) {
        for part in Self.withoutTools(JinjaPart.parts(of: template)) {
            switch part {
            case .text(let more): text += more
            case .output(let words): try write(words)
            case .statement(let words): try read(statement: words)
            }
        }
    }

    // MARK: Known outlines

    /// What stands in the outline beside messages as `template` writes them; `nil` if nothing does.
    func rest(beside template: ChatTemplate) -> String? {
        var rest = text.replacing("<|begin_of_text|>", with: "")
        let turns = Self.turns(of: template)
        guard turns.contains(where: rest.contains) else { return Self.shown(rest) }
        for known in turns + [Self.opening(of: template)] { rest.replace(known, with: "") }
        return rest.isEmpty ? nil : Self.shown(rest)
    }

    /// Each as a message, longer ones first.
    private static func turns(of template: ChatTemplate) -> [String] {
        switch template {
        case .bitnet: [Place.capitalRole + ": " + Place.trimmedContent + "<|eot_id|>"]
        case .llama3: [opening(of: .llama3) + Place.trimmedContent + "<|eot_id|>"]
        case .chatml: [opening(of: .chatml) + Place.content + "<|im_end|>\n"]
        case .falcon3:
            [Place.end + "\n", "\n", Place.end].map { opening(of: .falcon3) + Place.content + $0 }
        }
    }

    /// What stands before an answer.
    private static func opening(of template: ChatTemplate) -> String {
        switch template {
        case .bitnet: Place.capitalRole + ": "
        case .llama3: "<|start_header_id|>" + Place.role + "<|end_header_id|>\n\n"
        case .chatml: "<|im_start|>" + Place.role + "\n"
        case .falcon3: "<|" + Place.role + "|>\n"
        }
    }

    private static func shown(_ text: String) -> String {
        var text = text
        for (place, name) in [
            (Place.role, "role"), (Place.capitalRole, "Role"), (Place.content, "content"),
            (Place.trimmedContent, "content"), (Place.end, "eos_token"),
        ] {
            text.replace(place, with: "{\(name)}")
        }
        return text
    }

    // MARK: Reading

    /// A fixed role is a role like that of a message.
    private mutating func write(literal: String) {
        var literal = literal
        for role in ["system", "user", "assistant"] {
            literal.replace(role, with: Place.role)
            literal.replace(role.prefix(1).uppercased() + role.dropFirst(), with: Place.capitalRole)
        }
        text += literal.replacing("<|endoftext|>", with: Place.end)
    }

    /// An expression: texts, places and names that give a text.
    private mutating func write(_ words: some Collection<JinjaPart.Word>) throws(Foreign) {
        var words = Array(words)[...]
        while let word = words.popFirst() {
            switch word {
            case .text(let literal): write(literal: literal)
            case .name("message"): text += try Self.place(&words)
            case .name("trim") where text.hasSuffix(Place.content):
                text = text.dropLast() + Place.trimmedContent
            case .name("capitalize") where text.hasSuffix(Place.role):
                text = text.dropLast() + Place.capitalRole
            case .name("eos_token"): text += Place.end
            // A variable was made of what is in the outline already.
            case .name("bos_token"), .name("content"), .name("messages"): break
            case .name("if"): try Self.checkCondition(&words)
            case .sign("+"), .sign("~"), .sign("|"), .sign("("), .sign(")"): break
            case .name(let name): throw Foreign(what: name)
            case .sign(let sign):
                guard case .name(let name) = words.first else { throw Foreign(what: String(sign)) }
                throw Foreign(what: "\(sign)\(name)")
            }
        }
    }

    /// `['role']`, `.content`.
    private static func place(_ words: inout ArraySlice<JinjaPart.Word>) throws(Foreign) -> String {
        let key: String
        switch (words.popFirst(), words.popFirst()) {
        case (.sign("."), .name(let name)): key = name
        case (.sign("["), .text(let name)) where words.popFirst() == .sign("]"): key = name
        default: throw Foreign(what: "message")
        }
        switch key {
        case "role": return Place.role
        case "content": return Place.content
        default: throw Foreign(what: "message.\(key)")
        }
    }

    private mutating func read(statement words: [JinjaPart.Word]) throws(Foreign) {
        switch words.first {
        case .name("set"):
            guard words.count > 3, words[2] == .sign("="),
                [.name("content"), .name("loop_messages")].contains(words[1])
            else { throw Foreign(what: "set") }
            try write(words[3...])
        case .name("for"):
            guard words.count == 4, words[1] == .name("message"), words[2] == .name("in"),
                [.name("messages"), .name("loop_messages")].contains(words[3])
            else { throw Foreign(what: "for") }
        case .name("if"), .name("elif"):
            var condition = words[1...]
            try Self.checkCondition(&condition)
        case .name("else"), .name("endif"), .name("endfor"), .name("generation"), .name("endgeneration"):
            break
        case .name(let name): throw Foreign(what: name)
        default: throw Foreign(what: "{% %}")
        }
    }

    /// A condition may ask where in the conversation one is and whose turn it is; up to an `else` of its expression.
    private static func checkCondition(_ words: inout ArraySlice<JinjaPart.Word>) throws(Foreign) {
        let known: Set<String> = [
            "not", "and", "or", "is", "defined", "loop", "first", "last", "index0", "0", "message", "role",
            "add_generation_prompt", "true", "false",
        ]
        while let word = words.popFirst() {
            switch word {
            case .name("else"): return
            case .name(let name) where !known.contains(name): throw Foreign(what: name)
            case .text(let text) where !["role", "system", "user", "assistant"].contains(text):
                throw Foreign(what: text)
            default: break
            }
        }
    }

    // MARK: Tools

    /// No conversation here has tools: what is written only with them is left out.
    private static func withoutTools(_ parts: [JinjaPart]) -> [JinjaPart] {
        let conditions: [[JinjaPart.Word]] = [
            [.name("tools")], [.name("tools"), .name("is"), .name("defined")],
            [.name("tools"), .name("is"), .name("not"), .name("none")],
        ]
        var result: [JinjaPart] = []
        /// Ifs inside the one that is left out; `nil` outside of such.
        var depth: Int?
        for part in parts {
            guard case .statement(let words) = part else {
                if depth == nil { result.append(part) }
                continue
            }
            if let inside = depth {
                switch words.first {
                case .name("if"): depth = inside + 1
                case .name("endif"): depth = inside == 0 ? nil : inside - 1
                case .name("else") where inside == 0: depth = nil
                case .name("elif") where inside == 0:
                    depth = nil
                    result.append(part)
                default: break
                }
            } else if words.first == .name("if"), conditions.contains(Array(words.dropFirst())) {
                depth = 0
            } else {
                result.append(part)
            }
        }
        return result
    }
}
