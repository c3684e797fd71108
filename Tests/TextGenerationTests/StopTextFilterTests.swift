// SPDX-License-Identifier: MIT
import BitNetCore
import Testing
import TextGeneration

@Suite struct StopTextFilterTests {
    /// What comes out when `text` is fed in pieces of `size` characters.
    private func run(_ text: String, stops: [String], size: Int) -> (text: String, isStopped: Bool) {
        var filter = StopTextFilter(stops)
        var output = ""
        var rest = text[...]
        while !rest.isEmpty {
            let (piece, isStopped) = filter.append(String(rest.prefix(size)))
            output += piece
            if isStopped { return (output, true) }
            rest = rest.dropFirst(size)
        }
        return (output + filter.finish(), false)
    }

    @Test(arguments: 1...9)
    func `text ends before the first stop text, however it is cut`(_ size: Int) {
        let result = run("She said: ENough, END of it", stops: ["END", "never"], size: size)
        #expect(result.text == "She said: ENough, ")
        #expect(result.isStopped)
    }

    @Test(arguments: 1...9)
    func `text without a stop text comes out whole`(_ size: Int) {
        let text = "aaab aab aaaab – ein Käuzchen 🦉 aa"
        let result = run(text, stops: ["aaaaa", "🦉🦉"], size: size)
        #expect(result.text == text)
        #expect(!result.isStopped)
    }

    @Test func `empty stop texts stop nothing`() {
        #expect(run("abc", stops: ["", ""], size: 1).text == "abc")
    }
}

@Suite struct FixedPointTextTests {
    @Test(arguments: [
        (0.0, 2, "0.00"), (1.005, 1, "1.0"), (-1.25, 1, "-1.3"), (-0.001, 2, "0.00"), (12.0, 0, "12"),
        (0.05, 1, "0.1"), (.infinity, 1, "–"), (.nan, 1, "–"), (1e300, 1, "–"),
    ])
    func `numbers are written with fixed places`(_ value: Double, _ places: Int, _ expected: String) {
        #expect(value.text(places: places) == expected)
    }
}
