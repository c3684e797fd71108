// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import CommandLine
import OperatorReports

/// How fast a model's files become what workers get.
struct BenchConvertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Measures the conversion of a model into parts, from page cache, written nowhere.",
        discussion: """
            Parts are made as for a cluster: decoded, packed to five weights a byte, and hashed. The first round, \
            which brings the files into memory, does not count.

            EXAMPLES
              bitnet-ctl bench convert ggml-model-i2_s.gguf
              bitnet-ctl bench convert bitnet-b1.58-2B-4T/ --threads 1 --json
            """)

    @Argument(help: ArgumentHelp("GGUF file or Hugging Face directory.", valueName: "path"))
    var model: String

    @Option(name: .shortAndLong, help: "Parts made at a time.")
    var threads = 1

    @Option(help: "Rounds that count.")
    var rounds = 5

    @Option(help: "Layers to convert; all by default. Embedding and head are left out with --layers.")
    var layers: Int?

    @OptionGroup(title: "Model") var modelArguments: ModelArguments

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        try BenchOptions.checkThreads([threads])
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be 1...1000") }
    }

    func run() async throws {
        try await Program.run {
            let file = try ModelFile(path: model, options: modelArguments.options)
            let bench = ConversionBench(file: file, layers: layers, threadCount: threads)
            let report = try bench.measure(rounds: rounds)
            Console().write(json ? report.json.encoded + "\n" : report.text)
        }
    }
}
