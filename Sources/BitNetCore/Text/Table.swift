// SPDX-License-Identifier: MIT

/// What a table sets in its columns: text of one printable line.
package protocol TableCell {
    /// Columns that a terminal gives it.
    var columns: Int { get }

    static func spaces(_ count: Int) -> Self
    mutating func append(_ other: Self)
}

extension String: TableCell {
    package static func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
}

/// Cells in columns that are as wide as their widest cell.
///
/// If it has a header, that is the first row.
package struct Table<Cell: TableCell> {
    package enum Alignment: Sendable {
        case left
        case right
    }

    package struct Column {
        package var alignment: Alignment
        /// 0 is shown in any case; of the others those with smaller numbers are taken first.
        package var importance: Int
        /// Kept free at least, so that the table stands still while its figures change.
        package var widthMin: Int
        /// From the top; of all columns of a table equally many.
        package var cells: [Cell]

        package init(
            alignment: Alignment = .left, importance: Int = 0, widthMin: Int = 0, cells: [Cell] = []
        ) {
            self.alignment = alignment
            self.importance = importance
            self.widthMin = widthMin
            self.cells = cells
        }

        fileprivate var width: Int { cells.reduce(widthMin) { max($0, $1.columns) } }
    }

    /// From left to right.
    package var columns: [Column]

    package init(_ columns: [Column]) {
        self.columns = columns
    }

    /// All of it, with two spaces between columns.
    package var lines: [Cell] { lines(Array(columns.indices), gap: 2) }

    /// As many columns as `width` has room for, the most important first, closer together if that makes room for one more.
    package func lines(fitting width: Int) -> [Cell] {
        let widths = columns.map(\.width)
        var chosen = columns.indices.filter { columns[$0].importance == 0 }
        var used = chosen.reduce(0) { $0 + widths[$1] + 1 } - 1
        let others = columns.indices.filter { columns[$0].importance > 0 }
            .sorted { (columns[$0].importance, $0) < (columns[$1].importance, $1) }
        for index in others where used + 1 + widths[index] <= width {
            chosen.append(index)
            used += 1 + widths[index]
        }
        return lines(chosen.sorted(), gap: used + chosen.count - 1 <= width ? 2 : 1)
    }

    private func lines(_ chosen: [Int], gap: Int) -> [Cell] {
        let shown = chosen.map { (column: columns[$0], width: columns[$0].width) }
        return (0..<(shown.map(\.column.cells.count).min() ?? 0)).map { row in
            var line = Cell.spaces(0)
            for (position, (column, width)) in shown.enumerated() {
                let cell = column.cells[row]
                let space = Cell.spaces(width - cell.columns)
                if position > 0 { line.append(.spaces(gap)) }
                if column.alignment == .right { line.append(space) }
                line.append(cell)
                // Nothing stands behind the last column.
                if column.alignment == .left, position + 1 < shown.count { line.append(space) }
            }
            return line
        }
    }
}

extension Table: Sendable where Cell: Sendable {}
extension Table.Column: Sendable where Cell: Sendable {}

extension Table<String> {
    /// - Parameters:
    ///   - header: the first row; there are as many columns as it has cells.
    ///   - first: how the first column is aligned.
    ///   - others: how all others are.
    package init(_ header: [String], first: Alignment = .left, others: Alignment = .left) {
        self.init(header.indices.map { Column(alignment: $0 == 0 ? first : others) })
        add(header)
    }

    /// Rows that are all flush left.
    package init(rows: [[String]]) {
        self.init((0..<(rows.map(\.count).max() ?? 0)).map { _ in Column() })
        for row in rows { add(row) }
    }

    /// Adds a row; cells that it lacks are empty, and what would break its line is replaced.
    ///
    /// - Precondition: it has at most as many cells as the table has columns.
    package mutating func add(_ row: [String]) {
        precondition(row.count <= columns.count, "a row of \(row.count) cells in \(columns.count) columns")
        for index in columns.indices {
            columns[index].cells.append(
                index < row.count ? PrintableText.line(row[index], bytesMax: .max) : "")
        }
    }

    /// The lines with their ends.
    package var text: String { lines.map { $0 + "\n" }.joined() }

    /// As Markdown has it, aligned so that it can be read as it is.
    package var markdown: String {
        let columns = columns.map { column in
            var column = column
            // A ruler has two characters at least.
            column.widthMin = max(column.widthMin, 2)
            column.cells = column.cells.map { $0.replacing("|", with: "\\|") }
            return column
        }
        let ruler = columns.map { column in
            column.alignment == .right
                ? String(repeating: "-", count: column.width - 1) + ":"
                : String(repeating: "-", count: column.width)
        }
        var lines = (0..<(columns.map(\.cells.count).min() ?? 0)).map { row in
            columns.map { column in
                let cell = column.cells[row]
                let space = String.spaces(column.width - cell.columns)
                return column.alignment == .right ? space + cell : cell + space
            }
        }
        if !lines.isEmpty { lines.insert(ruler, at: 1) }
        return lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }
}
