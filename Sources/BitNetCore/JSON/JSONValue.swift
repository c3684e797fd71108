// SPDX-License-Identifier: MIT

/// A value to be written as JSON.
package enum JSONValue: Sendable {
    case null
    case flag(Bool)
    case integer(Int)
    /// Written as `null` if it is not finite, for which JSON has no word.
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([(key: String, value: JSONValue)])

    /// `nil` becomes `null`.
    package static func optional(_ number: Double?) -> JSONValue { number.map { .number($0) } ?? .null }

    package var encoded: String {
        switch self {
        case .null: "null"
        case .flag(let flag): flag ? "true" : "false"
        case .integer(let integer): "\(integer)"
        case .number(let number): number.isFinite ? "\(number)" : "null"
        case .text(let text): Self.quoted(text)
        case .list(let values): "[\(values.map(\.encoded).joined(separator: ","))]"
        case .object(let members):
            "{\(members.map { "\(Self.quoted($0.key)):\($0.value.encoded)" }.joined(separator: ","))}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case ..<" ":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
