// SPDX-License-Identifier: MIT

import BitNetCore
import Jinja
import TestSupport
import Testing

/// What Python's Jinja made of templates, as `Tests/Checks/Jinja/run` wrote it down.
struct Golden {
    struct Case {
        let template: String
        let context: [(String, JinjaValue)]
        /// `nil` for an error.
        let text: String?
    }

    let cases: [Case]

    init() throws {
        let file = try MappedFile(path: Repository.path(of: "Tests/Golden/jinja.json"))
        var reader = OrderedJSON(file.withBytes { Array($0) })
        guard case .dict(let document) = reader.value(), case .list(let templates)? = document["templates"],
            case .list(let contexts)? = document["contexts"], case .list(let cases)? = document["cases"]
        else { throw Unreadable() }
        self.cases = try cases.elements.map { entry in
            guard case .list(let parts) = entry, case .int(let template) = parts.elements[0],
                case .int(let context) = parts.elements[1],
                case .string(let source) = templates.elements[template],
                case .dict(let variables) = contexts.elements[context]
            else { throw Unreadable() }
            var text: String?
            if case .string(let expected) = parts.elements[2] { text = expected }
            let named = variables.entries.compactMap { entry -> (String, JinjaValue)? in
                guard case .string(let name) = entry.key else { return nil }
                return (name, entry.value)
            }
            return Case(template: source, context: named, text: text)
        }
    }

    static func now(_ format: String) -> String? {
        ["%d %b %Y": "26 Jul 2024", "%Y-%m-%d": "2024-07-26"][format]
    }
}

private struct Unreadable: Error {}

@Suite struct GoldenTests {
    @Test func `every template renders what Python renders, byte for byte`() throws {
        let golden = try Golden()
        #expect(golden.cases.count > 2000)
        var differences: [String] = []
        var read: [String: Template] = [:]
        for example in golden.cases {
            var text: String?
            var reason = ""
            do throws(JinjaError) {
                let template =
                    if let known = read[example.template] { known } else { try Template(example.template) }
                read[example.template] = template
                text = try template.render(example.context, now: Golden.now)
            } catch {
                reason = error.text
            }
            if text.map({ Array($0.utf8) }) != example.text.map({ Array($0.utf8) }) {
                differences.append(
                    "TEMPLATE \(example.template.suffix(300))\n  expected \(example.text ?? "an error")\n"
                        + "  found    \(text ?? reason)")
            }
        }
        #expect(
            differences.isEmpty, "\(differences.count)\n\(differences.prefix(12).joined(separator: "\n"))")
    }
}
