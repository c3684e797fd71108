// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import BitNetTokenizer
import CommandLine
import OperatorReports

/// How fast a tokenizer loads and encodes, on one thread.
struct BenchTokenizerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenizer",
        abstract: "Measures a model's tokenizer: loading, and encoding of texts on one thread.",
        discussion: """
            Two texts are made here: one like English, one of many scripts. A text is cut at ends of lines into \
            prompts, each of which is encoded by itself. Figures are medians of rounds, each over the whole text.

            EXAMPLES
              bitnet-ctl bench tokenizer --model bitnet-2b-4t.gguf
              bitnet-ctl bench tokenizer --model bitnet-2b-4t.gguf --file book.txt --json
            """)

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("GGUF file, Hugging Face directory or tokenizer.json.", valueName: "path"))
    var model: String

    @Option(help: ArgumentHelp("A text to encode as well; UTF-8.", valueName: "path"))
    var file: String?

    @Option(help: "Bytes of a prompt, at least.")
    var promptBytes = 16384

    @Option(help: "Rounds that each figure is the median of.")
    var rounds = 9

    @OptionGroup(title: "Model") var modelArguments: ModelArguments

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard (1...Limits.promptBytesMax).contains(promptBytes) else {
            throw ValidationError("--prompt-bytes must be 1...\(Limits.promptBytesMax)")
        }
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be 1...1000") }
    }

    func run() async throws {
        try await Program.run {
            let console = Console()
            var texts = [("English-like", BenchText.english), ("many scripts", BenchText.manyScripts)]
            if let file { texts.insert((file, try read(file)), at: 0) }
            let bench = try TokenizerBench(rounds: rounds) {
                try Tokenizer.open(path: model, options: modelArguments.options)
            }
            let rows = texts.map { name, text in
                bench.encode(name, TokenizerBench.prompts(of: text, byteCountMin: promptBytes))
            }
            let report = TokenizerBenchReport(bench, model: model, promptByteCount: promptBytes, rows: rows)
            console.write(json ? report.json.encoded + "\n" : report.text)
        }
    }

    private func read(_ path: String) throws -> String {
        let text = try MappedFile(path: path)
        guard text.byteCount <= Limits.promptBytesMax else {
            throw TokenizeError(message: "\(path) is larger than \(Limits.promptBytesMax) bytes")
        }
        return try text.withWholeBytes { String(decoding: $0, as: UTF8.self) }
    }
}
