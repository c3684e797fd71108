// SPDX-License-Identifier: MIT

/// A table that shows as many of its columns as the screen is wide, the most important first.
struct FittedTable {
    struct Cell {
        var text: String
        var style = StyledLine.Style.plain
    }

    struct Column {
        var header: String
        /// 0 is shown in any case; of the others those with smaller numbers are taken first.
        var importance: Int
        var isFlushRight = true
        /// Kept free at least, so that the table stands still while its figures change.
        var columnsMin = 0
        var cells: [Cell]

        fileprivate var columns: Int {
            cells.reduce(max(header.columns, columnsMin)) { max($0, $1.text.columns) }
        }
    }

    /// From left to right; all with the same number of cells.
    var columns: [Column] = []

    /// The header and the rows.
    func lines(width: Int) -> [StyledLine] {
        let widths = columns.map(\.columns)
        var chosen = columns.indices.filter { columns[$0].importance == 0 }
        var used = chosen.reduce(0) { $0 + widths[$1] + 1 } - 1
        let others = columns.indices.filter { columns[$0].importance > 0 }
            .sorted { (columns[$0].importance, $0) < (columns[$1].importance, $1) }
        for index in others where used + 1 + widths[index] <= width {
            chosen.append(index)
            used += 1 + widths[index]
        }
        chosen.sort()
        let gap = used + chosen.count - 1 <= width ? "  " : " "
        func row(_ cell: (Column) -> Cell) -> StyledLine {
            var line = StyledLine()
            for (position, index) in chosen.enumerated() {
                let cell = cell(columns[index])
                let space = String(repeating: " ", count: max(widths[index] - cell.text.columns, 0))
                if position > 0 { line.append(gap) }
                if columns[index].isFlushRight { line.append(space) }
                line.append(cell.text, cell.style)
                if !columns[index].isFlushRight { line.append(space) }
            }
            return line
        }
        let rowCount = chosen.map { columns[$0].cells.count }.min() ?? 0
        return [row { Cell(text: $0.header, style: .faint) }]
            + (0..<rowCount).map { number in row { $0.cells[number] } }
    }
}
