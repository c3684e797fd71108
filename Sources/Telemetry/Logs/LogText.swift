// SPDX-License-Identifier: MIT
import BitNetCore

/// Foreign text, made fit for a log: whatever it holds, it stays within its line and its value.
package enum LogText {
    /// A string as JSON writes it, quotation marks included.
    ///
    /// What breaks, hides or reorders a line is escaped too, beyond what JSON asks for.
    package static func quoted(_ text: String) -> String { "\"" + escaped(text, quotationMark: true) + "\"" }

    /// `text` as it is if it is one plain word, else quoted.
    package static func word(_ text: String) -> String {
        let isPlain =
            !text.isEmpty && text.utf8.count <= Limits.logValueBytesMax
            && text.unicodeScalars.allSatisfy {
                isShown($0) && !$0.properties.isWhitespace && !["\"", "\\", "="].contains($0)
            }
        return isPlain ? text : quoted(text)
    }

    /// A message, without quotation marks around it.
    package static func message(_ text: String) -> String { escaped(text, quotationMark: false) }

    /// A key of the text format: what could end it becomes `_`.
    package static func key(_ text: String) -> String {
        let kept = text.unicodeScalars.prefix(Limits.logKeyBytesMax).map { scalar -> Character in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": Character(scalar)
            default: "_"
            }
        }
        return kept.isEmpty ? "_" : String(kept)
    }

    private static func escaped(_ text: String, quotationMark: Bool) -> String {
        var result = ""
        var byteCount = 0
        for scalar in text.unicodeScalars {
            byteCount += UTF8.width(scalar)
            guard byteCount <= Limits.logValueBytesMax else { return result + "…" }
            switch scalar {
            case "\"" where quotationMark: result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where isShown(scalar): result.unicodeScalars.append(scalar)
            default: for unit in String(scalar).utf16 { result += "\\u" + hex(unit) }
            }
        }
        return result
    }

    private static func hex(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }

    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return (0x20..<0x7F).contains(scalar.value) }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse:
            false
        default: true
        }
    }
}
