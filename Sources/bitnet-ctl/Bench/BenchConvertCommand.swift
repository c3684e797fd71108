// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import ClusterCoordinator
import CommandLine
import Dispatch
import Synchronization

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
            let kinds = kinds(of: file)
            _ = try seconds(kinds, of: file)
            let times = try (0..<rounds).map { _ in try seconds(kinds, of: file) }.sorted()
            let median = times[times.count / 2]
            let input = Double(kinds.reduce(0) { $0 + file.sourceByteCount(of: $1) })
            let output = Double(kinds.reduce(0) { $0 + file.byteCount(of: $1) })
            Console().write(
                json
                    ? record(input, output, median).encoded + "\n" : text(file, input, output, median))
        }
    }

    private func kinds(of file: ModelFile) -> [PartReference.Kind] {
        let all = ModelFile.kinds(of: file.description)
        guard let layers else { return file.description.hasTiedHead ? all.filter { $0 != .head } : all }
        return (0..<min(max(layers, 1), file.description.layerCount)).map { .layer($0) }
    }

    private func seconds(_ kinds: [PartReference.Kind], of file: ModelFile) throws -> Double {
        let next = Mutex(0)
        let failure = Mutex<(any Error)?>(nil)
        let start = ContinuousClock.now
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            while true {
                let index = next.withLock { next in
                    defer { next += 1 }
                    return next
                }
                guard index < kinds.count else { return }
                do { _ = try file.pack(kinds[index]) { _ in } } catch {
                    failure.withLock { $0 = error }
                    return
                }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return start.duration(to: .now).seconds
    }

    private func text(_ file: ModelFile, _ input: Double, _ output: Double, _ seconds: Double) -> String {
        "\(file.description.name): \((input / 1e9).text(places: 2)) GB become \((output / 1e9).text(places: 2)) GB "
            + "in \(seconds.text(places: 2)) s with \(threads) thread\(threads == 1 ? "" : "s"): "
            + "\((input / seconds / 1e9).text(places: 2)) GB/s of input, "
            + "\((input / seconds / 1e9 / Double(threads)).text(places: 2)) a thread\n"
    }

    private func record(_ input: Double, _ output: Double, _ seconds: Double) -> JSONValue {
        .object([
            ("input_bytes", .number(input)), ("output_bytes", .number(output)),
            ("seconds", .number(seconds)), ("threads", .integer(threads)),
            ("input_bytes_per_second", .number(input / seconds)),
        ])
    }
}
