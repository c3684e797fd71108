// SPDX-License-Identifier: MIT
import BitNetCore

/// Text under a label at the left, broken where the screen ends.
enum TextFlow {
    /// Columns of a label and the space after it.
    static let labelColumns = 7

    /// Items side by side, three spaces between them; an item is broken only if it fills a line alone.
    static func items(_ label: String, _ items: [StyledLine], width: Int, gap: Int = 3) -> [StyledLine] {
        let indent = label.isEmpty ? 0 : labelColumns
        var lines: [StyledLine] = []
        var line = beginning(label)
        var used = indent
        for item in items where !item.spans.isEmpty {
            let columns = item.columns
            if used > indent, used + gap + columns > width {
                lines.append(line)
                line = StyledLine(String(repeating: " ", count: indent))
                used = indent
            }
            if used > indent {
                line.append(String(repeating: " ", count: gap))
                used += gap
            }
            line.append(item)
            used += columns
        }
        return used > indent ? lines + [line] : lines
    }

    /// Words of one sentence on at most `linesMax` lines.
    static func paragraph(
        _ label: String, _ text: String, _ style: StyledLine.Style = .plain, width: Int, linesMax: Int = 3
    ) -> [StyledLine] {
        let room = max(width - labelColumns, 1)
        var rows = [""]
        var left = text.split(separator: " ", omittingEmptySubsequences: true)[...]
        while let word = left.first {
            let last = rows[rows.count - 1]
            if last.isEmpty {
                rows[rows.count - 1] = word.clipped(to: room)
            } else if last.columns + 1 + word.columns <= room {
                rows[rows.count - 1] = last + " " + word
            } else if rows.count < linesMax {
                rows.append("")
                continue
            } else {
                rows[rows.count - 1] = (last + " " + left.joined(separator: " ")).clipped(to: room)
                break
            }
            left = left.dropFirst()
        }
        return rows.enumerated().map { index, row in
            var line = beginning(index == 0 ? label : " ")
            line.append(row, style)
            return line
        }
    }

    private static func beginning(_ label: String) -> StyledLine {
        guard !label.isEmpty else { return StyledLine() }
        return StyledLine(label + String(repeating: " ", count: max(labelColumns - label.columns, 1)), .faint)
    }
}
