// SPDX-License-Identifier: MIT
import BitNetCore
import Jinja

/// Reads a chat template and renders it, twice: its source, a line `---` and the variables as a JSON object.
enum TemplateTarget {
    /// Less than a model's template may have: an input takes a moment.
    private static let limits: JinjaLimits = {
        var limits = JinjaLimits()
        limits.stepsMax = 50_000
        limits.outputBytesMax = 1 << 20
        limits.memoryBytesMax = 8 << 20
        return limits
    }()

    static func run(_ bytes: [UInt8]) throws(FuzzFinding) -> FuzzTarget.Outcome {
        let parts = bytes.split(separator: Array("\n---\n".utf8), maxSplits: 1)
        let (source, variables) = (parts.first ?? [], parts.dropFirst().first ?? [])
        guard let source = String(validating: source, as: UTF8.self) else { return .refused("not UTF-8") }
        let context: [(String, JinjaValue)]
        do throws(JSONError) {
            context = try read(Array(variables))
        } catch {
            return .refused(error.message)
        }
        let texts: [String]
        do throws(JinjaError) {
            let template = try Template(source, limits: limits)
            texts = [
                try template.render(context, limits: limits) { $0 },
                try template.render(context, limits: limits) { $0 },
            ]
        } catch {
            guard error.line >= 1, error.column >= 1 else { throw FuzzFinding("an error without a place") }
            // Programs show it so.
            return .refused(PrintableText.line(error.text, bytesMax: Limits.messageBytesMax))
        }
        guard texts[0] == texts[1] else { throw FuzzFinding("rendered again it is another text") }
        guard texts[0].utf8.count <= limits.outputBytesMax else {
            throw FuzzFinding("a text of \(texts[0].utf8.count) bytes")
        }
        return .accepted
    }

    private static func read(_ bytes: [UInt8]) throws(JSONError) -> [(String, JinjaValue)] {
        guard !bytes.isEmpty else { return [] }
        let value = try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in
            var json = JSONReader<JSONError>(UnsafeRawBufferPointer(bytes), file: "variables")
            let value = try json.readValue()
            try json.finish()
            return value
        }
        guard case .object(let members) = value else { return [] }
        return members.map { ($0.key, JinjaValue($0.value)) }
    }
}

extension JinjaValue {
    fileprivate init(_ value: JSONValue) {
        self =
            switch value {
            case .null: .null
            case .flag(let flag): .bool(flag)
            case .integer(let integer): .int(integer)
            case .number(let number): .float(number)
            case .text(let text): .string(text)
            case .list(let values): JinjaValue(values.map(JinjaValue.init))
            case .object(let members): JinjaValue(members.map { ($0.key, JinjaValue($0.value)) })
            }
    }
}
