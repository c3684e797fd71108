// SPDX-License-Identifier: MIT

import BitNetFormats
import BitNetTokenizer
import ModelTestSupport
import TestSupport
import Testing

/// Merging by table, search and heap, against merging written down as plainly as it can be.
@Suite struct MergeTests {
    /// Merges the neighbours of lowest rank, the leftmost first, and looks at all of them again.
    private static func naive(_ text: String, _ ranks: [[String]: Int]) -> [String] {
        var symbols = text.unicodeScalars.map { String($0) }
        while true {
            var best: (rank: Int, index: Int)?
            for index in symbols.indices.dropLast() {
                guard let rank = ranks[[symbols[index], symbols[index + 1]]] else { continue }
                if best.map({ rank < $0.rank }) ?? true { best = (rank, index) }
            }
            guard let best else { return symbols }
            symbols[best.index] += symbols.remove(at: best.index + 1)
        }
    }

    private static let ranks = Dictionary(
        TinyTokenizer.merges.enumerated().map { ($1.split(separator: " ").map(String.init), $0) },
        uniquingKeysWith: { first, _ in first })

    private static func word(_ random: inout SeededGenerator, atMost count: Int) -> String {
        let letters = ["h", "e", "l", "l", "o", "a", "a"]
        return (0...Int.random(in: 0..<count, using: &random)).map { _ in
            letters[Int.random(in: 0..<letters.count, using: &random)]
        }.joined()
    }

    @Test func `pieces of any length are merged in the order of ranks`() throws {
        // GPT-2's rules take no whole pieces, so that merging alone decides.
        let tokenizer = try openModel(TinyTokenizer.builder(pre: "gpt-2").bytes).tokenizer()
        var random = SeededGenerator(seed: 41)
        for _ in 0..<1000 {
            let text = Self.word(&random, atMost: 90)
            let tokens = tokenizer.encode(text, addsBeginning: false)
            #expect(tokens.map { tokenizer.text(of: $0) } == Self.naive(text, Self.ranks), "\(text)")
        }
    }

    @Test(arguments: ["llama3", "gpt-2", "default"])
    func `a long text is encoded as its words are one by one`(_ rules: String) throws {
        let tokenizer = try openModel(TinyTokenizer.builder(pre: rules).bytes).tokenizer()
        var random = SeededGenerator(seed: 43)
        // Few different words, so that most are met again; and one that is longer than the table of words holds.
        let words = (0..<300).map { _ in Self.word(&random, atMost: 12) }
        var text = (0..<4000).map { _ in " " + words[Int.random(in: 0..<words.count, using: &random)] }
        let long = " " + String(repeating: "aha", count: 30_000)
        text.insert(long, at: 1000)
        text.append(long)
        let separate = text.flatMap { tokenizer.encode($0, addsBeginning: false) }
        #expect(tokenizer.encode(text.joined(), addsBeginning: false) == separate)
    }

    @Test(
        arguments: ["llama3", "gpt-2", "default"],
        ["a", " ", "\n", "'", "1", "!", "é", "\u{2581}", "\u{301}"])
    func `a hundred thousand equal characters come back`(_ rules: String, _ character: String) throws {
        let tokenizer = try openModel(TinyTokenizer.builder(pre: rules).bytes).tokenizer()
        let text = String(repeating: character, count: 100_000)
        let tokens = tokenizer.encode(text, addsBeginning: false)
        #expect(Array(tokenizer.decode(tokens).utf8) == Array(text.utf8))
        // Four letters, or two bytes, are one token; nothing else merges.
        let count = character == "a" ? 25_000 : character == "é" ? 100_000 : text.utf8.count
        #expect(tokens.count == count)
    }

    @Test func `bytes without a token become the unknown token, or nothing`() throws {
        var builder = TinyModel.builder()
        #expect(try openModel(builder.bytes).tokenizer().encode("aXb", addsBeginning: false) == [0, 1])
        builder.set("tokenizer.ggml.unknown_token_id", integer: 5)
        #expect(try openModel(builder.bytes).tokenizer().encode("aXb", addsBeginning: false) == [0, 5, 1])
    }
}
