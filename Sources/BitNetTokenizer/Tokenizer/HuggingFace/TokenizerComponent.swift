// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats

/// A normalizer, pre-tokenizer or post-processor as tokenizer.json describes it.
///
/// Its type may stand behind its members, so it is read whole before it is understood.
indirect enum TokenizerComponent: Equatable {
    case object([String: TokenizerComponent])
    case list([TokenizerComponent])
    case text(String)
    case flag(Bool)
    case integer(Int)
    case null

    init(_ json: inout ModelJSONReader) throws(ModelFileError) {
        var budget = Limits.tokenizerComponentValuesMax
        try self.init(&json, &budget)
    }

    private init(_ json: inout ModelJSONReader, _ budget: inout Int) throws(ModelFileError) {
        budget -= 1
        guard budget >= 0 else {
            throw json.unexpected("at most \(Limits.tokenizerComponentValuesMax) values in a component")
        }
        switch try json.peek() {
        case .object:
            var members: [String: TokenizerComponent] = [:]
            try json.readObject { json, key throws(ModelFileError) in
                members[key] = try TokenizerComponent(&json, &budget)
            }
            self = .object(members)
        case .array:
            var elements: [TokenizerComponent] = []
            try json.readArray { json throws(ModelFileError) in
                elements.append(try TokenizerComponent(&json, &budget))
            }
            self = .list(elements)
        case .string: self = .text(try json.readText())
        case .bool: self = .flag(try json.readBool())
        case .number: self = Int(exactly: try json.readDouble()).map(Self.integer) ?? .null
        case .null:
            _ = try json.readNull()
            self = .null
        }
    }

    subscript(key: String) -> TokenizerComponent {
        if case .object(let members) = self { members[key] ?? .null } else { .null }
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var flag: Bool? { if case .flag(let flag) = self { flag } else { nil } }
    var integer: Int? { if case .integer(let integer) = self { integer } else { nil } }
    var list: [TokenizerComponent] { if case .list(let list) = self { list } else { [] } }
    var type: String { self["type"].text ?? "a value without a type" }

    /// The steps of a `Sequence`, whose members have the name `members`; of another component itself.
    func steps(_ members: String) -> [TokenizerComponent] {
        if self == .null { return [] }
        return type == "Sequence" ? self[members].list.flatMap { $0.steps(members) } : [self]
    }

    /// The component for people: its type and what decides its meaning.
    var summary: String {
        var details: [String] = []
        if let expression = self["pattern"]["Regex"].text { details.append("expression \(expression)") }
        if let text = self["pattern"]["String"].text { details.append("text “\(text)”") }
        for key in ["behavior", "prepend", "content", "replacement", "prepend_scheme"] {
            if let value = self[key].text { details.append("\(key) \(value)") }
        }
        for key in ["invert", "use_regex", "add_prefix_space", "individual_digits", "split"] {
            if let value = self[key].flag { details.append("\(key) \(value)") }
        }
        return details.isEmpty ? type : "\(type) (\(details.joined(separator: ", ")))"
    }
}

extension [TokenizerComponent] {
    var summary: String { isEmpty ? "none" : map(\.summary).joined(separator: ", then ") }
}
