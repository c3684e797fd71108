// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import BitNetTokenizer
import ClusterCoordinator
import Glibc

/// Times a tokenizer.
struct TokenizerBench {
    struct Result {
        var name: String
        var byteCount: Int
        var tokenCount: Int
        /// For all of the text; the median of the rounds.
        var seconds: Double

        var bytesPerSecond: Double { Double(byteCount) / seconds }
        var tokensPerSecond: Double { Double(tokenCount) / seconds }
    }

    let tokenizer: Tokenizer
    /// Median of three.
    let loadSeconds: Double
    /// What one tokenizer adds to the process, tables and all; `nil` if the kernel does not tell.
    let residentByteCount: Int?
    let rounds: Int

    init(rounds: Int, load: () throws -> Tokenizer) throws {
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

    func encode(_ name: String, _ prompts: [String]) -> Result {
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
        return Result(
            name: name, byteCount: prompts.reduce(0) { $0 + $1.utf8.count }, tokenCount: tokenCount,
            seconds: seconds.sorted()[rounds / 2])
    }

    /// Memory of this process that no file stands behind.
    private static func anonymousByteCount() -> Int? {
        guard let file = fopen("/proc/self/status", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard text.hasPrefix("RssAnon:") else { continue }
            let words = text.split(whereSeparator: \.isWhitespace)
            return words.count > 1 ? Int(words[1]).map { $0 * 1024 } : nil
        }
        return nil
    }
}

/// Figures of a tokenizer as text and as JSON.
struct TokenizerBenchReport {
    let model: String
    let bench: TokenizerBench
    let results: [TokenizerBench.Result]
    let promptBytes: Int

    var text: String {
        var text =
            "\(Machine.processorName), one thread\n\(model): \(bench.tokenizer.count) tokens, loaded in "
        text += "\((bench.loadSeconds * 1e3).text(places: 0)) ms"
        if let bytes = bench.residentByteCount { text += ", \((Double(bytes) / 1e6).text(places: 1)) MB" }
        var table = TextTable(["", "MB", "MB/s", "tokens/s", "bytes a token"])
        for result in results {
            table.add([
                result.name, (Double(result.byteCount) / 1e6).text(places: 2),
                (result.bytesPerSecond / 1e6).text(places: 2), result.tokensPerSecond.text(places: 0),
                (Double(result.byteCount) / Double(max(result.tokenCount, 1))).text(places: 2),
            ])
        }
        return text + "\nprompts of \(promptBytes) bytes, medians of \(bench.rounds) rounds\n\n" + table.text
    }

    var json: JSONValue {
        .object([
            ("processor", .text(Machine.processorName)), ("model", .text(model)),
            ("vocabulary_tokens", .integer(bench.tokenizer.count)),
            ("load_ms", .number(bench.loadSeconds * 1e3)),
            ("resident_bytes", bench.residentByteCount.map { .integer($0) } ?? .null),
            ("prompt_bytes", .integer(promptBytes)), ("rounds", .integer(bench.rounds)),
            (
                "texts",
                .list(
                    results.map { result in
                        .object([
                            ("name", .text(result.name)), ("bytes", .integer(result.byteCount)),
                            ("tokens", .integer(result.tokenCount)),
                            ("megabytes_per_second", .number(result.bytesPerSecond / 1e6)),
                            ("tokens_per_second", .number(result.tokensPerSecond)),
                        ])
                    })
            ),
        ])
    }
}
