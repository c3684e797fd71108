// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
package import BitNetTokenizer

/// Times a tokenizer, on one thread.
package struct TokenizerBench {
    package let tokenizer: Tokenizer
    /// Median of three.
    package let loadSeconds: Double
    /// What one tokenizer adds to the process, tables and all; `nil` if the kernel does not tell.
    package let residentByteCount: Int?
    package let rounds: Int

    /// - Parameter rounds: of which every figure is the median.
    /// - Throws: what `load` throws.
    package init(rounds: Int, load: () throws -> Tokenizer) throws {
        self.rounds = rounds
        let before = Self.anonymousByteCount()
        let clock = ContinuousClock()
        let start = clock.now
        tokenizer = try load()
        var seconds = [start.duration(to: clock.now).seconds]
        let after = Self.anonymousByteCount()
        residentByteCount = before.flatMap { before in after.map { $0 - before } }
        for _ in 0..<2 {
            let start = clock.now
            _ = try load()
            seconds.append(start.duration(to: clock.now).seconds)
        }
        loadSeconds = seconds.sorted()[1]
    }

    /// Encodes a text, cut into prompts.
    package func encode(_ name: String, _ prompts: [String]) -> TokenizerBenchReport.Row {
        let clock = ContinuousClock()
        var seconds: [Double] = []
        var tokenCount = 0
        // The first round fills caches and is not counted.
        for round in 0...rounds {
            tokenCount = 0
            let start = clock.now
            for prompt in prompts { tokenCount += tokenizer.encode(prompt, addsBeginning: false).count }
            if round > 0 { seconds.append(start.duration(to: clock.now).seconds) }
        }
        return TokenizerBenchReport.Row(
            name: name, byteCount: prompts.reduce(0) { $0 + $1.utf8.count }, tokenCount: tokenCount,
            seconds: seconds.sorted()[rounds / 2])
    }

    /// Memory of this process that no file stands behind.
    private static func anonymousByteCount() -> Int? {
        let lines = SmallFile.text("/proc/self/status")?.split(separator: "\n") ?? []
        let words = lines.first { $0.hasPrefix("RssAnon:") }?.split(whereSeparator: \.isWhitespace) ?? []
        return words.count > 1 ? Int(words[1], radix: 10).map { $0 * 1024 } : nil
    }

    /// Cuts a text behind the first end of line that lies far enough.
    ///
    /// - Parameter byteCountMin: of a prompt, the last one excepted.
    package static func prompts(of text: String, byteCountMin: Int) -> [String] {
        var prompts: [String] = []
        var prompt = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            prompt.append(contentsOf: line)
            prompt.append("\n")
            guard prompt.utf8.count >= byteCountMin else { continue }
            prompts.append(prompt)
            prompt = ""
        }
        return prompt.isEmpty ? prompts : prompts + [prompt]
    }
}
