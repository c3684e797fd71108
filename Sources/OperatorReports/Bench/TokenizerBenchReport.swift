// SPDX-License-Identifier: MIT
package import BitNetCore
import BitNetFormats
import BitNetTokenizer

/// What `bench tokenizer` found, for people and for programs.
package struct TokenizerBenchReport: Equatable, Sendable {
    /// One text.
    package struct Row: Equatable, Sendable {
        package var name: String
        package var byteCount: Int
        package var tokenCount: Int
        /// For all of the text; the median of the rounds.
        package var seconds: Double

        package init(name: String, byteCount: Int, tokenCount: Int, seconds: Double) {
            self.name = name
            self.byteCount = byteCount
            self.tokenCount = tokenCount
            self.seconds = seconds
        }

        var bytesPerSecond: Double { Double(byteCount) / seconds }
        var tokensPerSecond: Double { Double(tokenCount) / seconds }
    }

    package var processor: String
    /// As it was named.
    package var model: String
    package var vocabularyCount: Int
    package var loadSeconds: Double
    /// What the tokenizer adds to the process; `nil` if it is not known.
    package var residentByteCount: Int?
    /// Bytes of a prompt, at least.
    package var promptByteCount: Int
    package var rounds: Int
    package var rows: [Row]

    package init(
        processor: String, model: String, vocabularyCount: Int, loadSeconds: Double,
        residentByteCount: Int?, promptByteCount: Int, rounds: Int, rows: [Row]
    ) {
        self.processor = processor
        self.model = model
        self.vocabularyCount = vocabularyCount
        self.loadSeconds = loadSeconds
        self.residentByteCount = residentByteCount
        self.promptByteCount = promptByteCount
        self.rounds = rounds
        self.rows = rows
    }

    /// What `bench` found on this machine.
    package init(_ bench: TokenizerBench, model: String, promptByteCount: Int, rows: [Row]) {
        self.init(
            processor: Machine.processorName, model: model, vocabularyCount: bench.tokenizer.count,
            loadSeconds: bench.loadSeconds, residentByteCount: bench.residentByteCount,
            promptByteCount: promptByteCount, rounds: bench.rounds, rows: rows)
    }

    package var text: String {
        var text = "\(processor), one thread\n\(model): \(vocabularyCount) tokens, loaded in "
        text += "\((loadSeconds * 1e3).text(places: 0)) ms"
        if let residentByteCount {
            text += ", \((Double(residentByteCount) / 1e6).text(places: 1)) MB"
        }
        var table = Table(["", "MB", "MB/s", "tokens/s", "bytes a token"], others: .right)
        for row in rows {
            table.add([
                row.name, (Double(row.byteCount) / 1e6).text(places: 2),
                (row.bytesPerSecond / 1e6).text(places: 2), row.tokensPerSecond.text(places: 0),
                (Double(row.byteCount) / Double(max(row.tokenCount, 1))).text(places: 2),
            ])
        }
        return text + "\nprompts of \(promptByteCount) bytes, medians of \(rounds) rounds\n\n" + table.text
    }

    package var json: JSONValue {
        let texts = rows.map { row in
            JSONValue.object([
                ("name", .text(row.name)), ("bytes", .integer(row.byteCount)),
                ("tokens", .integer(row.tokenCount)),
                ("megabytes_per_second", .number(row.bytesPerSecond / 1e6)),
                ("tokens_per_second", .number(row.tokensPerSecond)),
            ])
        }
        return .object([
            ("processor", .text(processor)), ("model", .text(model)),
            ("vocabulary_tokens", .integer(vocabularyCount)), ("load_ms", .number(loadSeconds * 1e3)),
            ("resident_bytes", residentByteCount.map { .integer($0) } ?? .null),
            ("prompt_bytes", .integer(promptByteCount)), ("rounds", .integer(rounds)),
            ("texts", .list(texts)),
        ])
    }
}
