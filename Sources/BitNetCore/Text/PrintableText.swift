// SPDX-License-Identifier: MIT

/// Text from outside, made fit for a line of a terminal or a log.
package enum PrintableText {
    /// `text` with U+FFFD for what breaks or hides a line, and not longer than `bytesMax` bytes of UTF-8.
    package static func line(_ text: String, bytesMax: Int = Limits.messageBytesMax) -> String {
        var result = String.UnicodeScalarView()
        var byteCount = 0
        for scalar in text.unicodeScalars {
            let shown = isPrintable(scalar) ? scalar : "\u{FFFD}"
            byteCount += UTF8.width(shown)
            // Room for the ellipsis.
            guard byteCount <= bytesMax - 3 else { return String(result) + "…" }
            result.append(shown)
        }
        return String(result)
    }

    /// Whether the scalar can be seen, or is a blank.
    package static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
        default: true
        }
    }
}
