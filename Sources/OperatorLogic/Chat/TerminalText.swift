// SPDX-License-Identifier: MIT

/// A model's text, made fit for a terminal.
package enum TerminalText {
    /// `text` with U+FFFD for control characters other than tab and line feed: no model moves the cursor.
    package static func shown(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isHarmless = scalar == "\n" || scalar == "\t" || scalar.properties.generalCategory != .control
            result.append(isHarmless ? scalar : "\u{FFFD}")
        }
        return String(result)
    }
}
