// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetEngine
import BitNetFormats
import BitNetSynthesis
import CommandLine

/// How fast this machine is, beside what it could be at best.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures pipelines, and kernels, models and tokenizers on this machine.",
        discussion: """
            Without the name of a measurement it is `pipeline`.

            EXAMPLES
              bitnet-ctl bench --shards workers.yaml
              bitnet-ctl bench --local --model stories.gguf -C 1,8
              bitnet-ctl bench kernels --quick
              bitnet-ctl bench model stories.gguf
              bitnet-ctl bench model --shape 2b-4t --threads 2
              bitnet-ctl bench tokenizer --model stories.gguf
            """,
        subcommands: [
            BenchPipelineCommand.self, BenchKernelsCommand.self, BenchModelCommand.self,
            BenchTokenizerCommand.self,
            BenchConvertCommand.self,
        ], defaultSubcommand: BenchPipelineCommand.self)
}

/// What both measurements of kernels may be told.
struct BenchOptions: ParsableArguments {
    @OptionGroup var kernels: KernelArguments

    @Flag(help: "Print one JSON object.")
    var json = false

    static func shape(_ name: String) throws -> ModelShape {
        guard let shape = ModelShape(rawValue: name) else {
            throw ValidationError("--shape \(name) is unknown; give one of \(ModelShape.names)")
        }
        return shape
    }

    static func checkThreads(_ counts: [Int]) throws {
        for count in counts where !(1...Limits.threadsMax).contains(count) {
            throw ValidationError("--threads must be 1...\(Limits.threadsMax)")
        }
    }

    /// Ascending whole numbers above 0, each once, from a list with commas.
    static func numbers(_ text: String, _ option: String, atMost limit: Int) throws -> [Int] {
        let numbers = try text.split(separator: ",", omittingEmptySubsequences: false).map { item in
            guard let number = Int(item, radix: 10), (1...limit).contains(number) else {
                throw ValidationError("\(option): “\(item)” is no number from 1 to \(limit)")
            }
            return number
        }
        return Array(Set(numbers)).sorted()
    }
}
