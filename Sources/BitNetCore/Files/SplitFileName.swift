// SPDX-License-Identifier: MIT

/// `<prefix>-00002-of-00005.gguf`: one file of a model that is split over several.
package struct SplitFileName: Equatable {
    package let prefix: String
    /// From 1.
    package let number: Int
    package let count: Int

    package init?(path: String) {
        let parts = path.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, let last = parts.last, last.hasSuffix(".gguf"),
            parts[parts.count - 2] == "of",
            let number = Self.number(parts[parts.count - 3]),
            let count = Self.number(last.dropLast(".gguf".count)), number >= 1, number <= count
        else { return nil }
        prefix = parts.dropLast(3).joined(separator: "-")
        self.number = number
        self.count = count
    }

    /// Path of file `number` of the same model.
    package func path(of number: Int) -> String {
        prefix + Self.suffix(of: number, count: count) + ".gguf"
    }

    /// `-00002-of-00005`; Hugging Face numbers the files of a checkpoint in the same way.
    package static func suffix(of number: Int, count: Int) -> String { "-\(text(number))-of-\(text(count))" }

    private static func number(_ digits: Substring) -> Int? {
        guard digits.utf8.count == 5, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(digits, radix: 10)
    }

    private static func text(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(5 - digits.utf8.count, 0)) + digits
    }
}
