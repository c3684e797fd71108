// SPDX-License-Identifier: MIT

/// A table as Markdown has it, aligned so that it can be read as it is.
struct MarkdownTable {
    private var rows: [[String]]

    init(_ header: [String]) {
        rows = [header]
    }

    /// - Precondition: as many cells as the header has.
    mutating func add(_ row: [String]) {
        rows.append(row)
    }

    var markdown: String {
        let widths = rows[0].indices.map { column in max(rows.map { $0[column].count }.max() ?? 0, 2) }
        func line(_ cells: [String], _ fill: Character = " ") -> String {
            let padded = zip(cells, widths).map { cell, width in
                String(repeating: fill, count: width - cell.count) + cell
            }
            return "| " + padded.joined(separator: " | ") + " |\n"
        }
        let ruler = widths.map { String(repeating: "-", count: $0 - 1) + ":" }
        return line(rows[0]) + line(ruler, "-") + rows.dropFirst().map { line($0) }.joined()
    }
}
