// SPDX-License-Identifier: MIT
import BitNetCore
import Testing

@Suite struct TableTests {
    @Test func `columns are as wide as their widest cell, and nothing stands behind the last`() {
        let table = Table(rows: [["a", "bb", "c"], ["ddd", "e", "ff"]])
        #expect(table.lines == ["a    bb  c", "ddd  e   ff"])
        #expect(table.text == "a    bb  c\nddd  e   ff\n")
    }

    @Test func `figures stand flush right behind a name that stands flush left`() {
        var table = Table(["", "MB"], others: .right)
        table.add(["English", "1.5"])
        table.add(["", ""])
        #expect(table.text == "          MB\nEnglish  1.5\n            \n")
    }

    @Test func `a table of nothing is nothing`() {
        let table = Table(rows: [])
        #expect(table.lines.isEmpty && table.text.isEmpty && table.markdown.isEmpty)
        #expect(Table(rows: [[]]).lines.isEmpty)
        #expect(Table([Table<String>.Column()]).markdown.isEmpty)
        #expect(Table(["a", "b"]).text == "a  b\n")
    }

    @Test func `a row may lack cells and cannot have too many`() async {
        #expect(Table(rows: [["a", "b"], ["c"]]).lines == ["a  b", "c  "])
        await #expect(processExitsWith: .failure) {
            var table = Table(["a"])
            table.add(["b", "c"])
        }
    }

    @Test func `widths are those of a terminal`() {
        #expect(Table(rows: [["界", "x"], ["ab", "y"]]).lines == ["界  x", "ab  y"])
        #expect(Table(rows: [["e\u{301}", "x"], ["ab", "y"]]).lines == ["e\u{301}   x", "ab  y"])
    }

    @Test func `a cell can neither break its line nor hide in it`() {
        let lines = Table(rows: [["a\u{1B}[2J\r\n", "b\u{202E}"]]).lines
        #expect(lines == ["a\u{FFFD}[2J\u{FFFD}\u{FFFD}  b\u{FFFD}"])
    }

    // MARK: Markdown

    @Test func `Markdown says how columns are aligned and can be read as it is`() {
        var table = Table(["C", "test"], first: .right)
        table.add(["16", "pp512"])
        #expect(table.markdown == "|  C | test  |\n| -: | ----- |\n| 16 | pp512 |\n")
        #expect(Table(["a"]).markdown == "| a  |\n| -- |\n")
    }

    @Test func `a bar in a cell is no end of the cell`() {
        var table = Table(["name"], first: .right)
        table.add(["a|b\n|"])
        #expect(table.markdown == "|    name |\n| ------: |\n| a\\|b\u{FFFD}\\| |\n")
    }

    // MARK: Screens

    private let three = Table([
        .init(cells: ["A", "1"]), .init(alignment: .right, importance: 2, cells: ["BB", "2"]),
        .init(importance: 1, cells: ["CCC", "3"]),
    ])

    @Test(arguments: [
        (80, ["A  BB  CCC", "1   2  3"]), (10, ["A  BB  CCC", "1   2  3"]), (9, ["A BB CCC", "1  2 3"]),
        (8, ["A BB CCC", "1  2 3"]), (7, ["A  CCC", "1  3"]), (6, ["A  CCC", "1  3"]), (5, ["A CCC", "1 3"]),
        (4, ["A BB", "1  2"]), (3, ["A", "1"]), (0, ["A", "1"]), (-1, ["A", "1"]),
    ])
    func `a narrow screen shows the important columns`(width: Int, lines: [String]) {
        #expect(three.lines(fitting: width) == lines)
    }

    @Test func `a column may be kept wider than its cells`() {
        let table = Table([
            .init(alignment: .right, widthMin: 4, cells: ["a"]), .init(widthMin: 3, cells: ["b"]),
            .init(cells: ["c"]),
        ])
        #expect(table.lines == ["   a  b    c"])
        #expect(table.lines(fitting: 80) == table.lines)
    }
}
