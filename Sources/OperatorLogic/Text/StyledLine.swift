// SPDX-License-Identifier: MIT
import BitNetCore

/// One line of a screen: printable text whose parts may have a colour.
package struct StyledLine: Equatable, Sendable {
    package enum Style: Equatable, Sendable {
        case plain
        case strong
        case faint
        case good
        case warning
        case bad

        /// Select graphic rendition, ECMA-48.
        fileprivate var code: String {
            switch self {
            case .plain: ""
            case .strong: "\u{1B}[1m"
            case .faint: "\u{1B}[2m"
            case .good: "\u{1B}[32m"
            case .warning: "\u{1B}[33m"
            case .bad: "\u{1B}[31m"
            }
        }
    }

    package struct Span: Equatable, Sendable {
        package var text: String
        package var style: Style
    }

    package private(set) var spans: [Span] = []

    package init(_ text: String = "", _ style: Style = .plain) {
        append(text, style)
    }

    package mutating func append(_ text: String, _ style: Style = .plain) {
        guard !text.isEmpty else { return }
        spans.append(Span(text: text, style: style))
    }

    package mutating func append(_ line: StyledLine) {
        spans += line.spans
    }

    /// Columns that a terminal gives it.
    package var columns: Int { spans.reduce(0) { $0 + $1.text.columns } }

    /// At most `limit` columns, and no space at the end.
    package func clipped(to limit: Int) -> StyledLine {
        var result = StyledLine()
        var left = limit
        for span in spans {
            let text = span.text.clipped(to: left)
            result.append(text, span.style)
            left -= text.columns
            if text != span.text { break }
        }
        return result.withoutSpaceAtEnd
    }

    private var withoutSpaceAtEnd: StyledLine {
        var result = self
        while let last = result.spans.last {
            let text = last.text.reversed().drop { $0 == " " }
            guard text.isEmpty else {
                result.spans[result.spans.count - 1].text = String(text.reversed())
                break
            }
            result.spans.removeLast()
        }
        return result
    }

    /// What is written to a terminal or a file, without an end of line.
    package func text(isColoured: Bool) -> String {
        spans.map { span in
            isColoured && span.style != .plain ? span.style.code + span.text + "\u{1B}[0m" : span.text
        }.joined()
    }
}

extension StyledLine: TableCell {
    package static func spaces(_ count: Int) -> StyledLine { StyledLine(.spaces(count)) }
}

extension [StyledLine] {
    /// The lines with their ends.
    package func text(isColoured: Bool) -> String {
        map { $0.text(isColoured: isColoured) + "\n" }.joined()
    }
}
