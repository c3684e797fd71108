// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetEngine
import BitNetFormats
import CommandLine
import OperatorReports

/// What a model file is, and what it would take to run it.
struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Says what a model is, what is odd about it, and what it takes to run.",
        discussion: """
            Reads a GGUF file, any file of a split GGUF, or a Hugging Face directory; nothing is converted. The \
            memory is that of this machine's kernels, or of those named by --isa.

            EXAMPLES
              bitnet-ctl inspect ggml-model-i2_s.gguf
              bitnet-ctl inspect bitnet-b1.58-2B-4T/ --workers 3 --ctx-size 2048
              bitnet-ctl inspect model.gguf --json
            """)

    @Argument(help: ArgumentHelp("GGUF file or Hugging Face directory.", valueName: "path"))
    var path: String

    @Option(help: "Workers to plan stages for, of equal speed.")
    var workers = 1

    @Option(name: [.customLong("parallel")], help: "Sequences at a time.")
    var slotCount = 4

    @OptionGroup var stage: StageArguments
    @OptionGroup var threads: ThreadArguments
    @OptionGroup var instructionSet: InstructionSetArgument

    @OptionGroup(title: "Model") var modelArguments: ModelArguments

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard (1...Limits.workersMax).contains(workers) else {
            throw ValidationError("--workers must be 1...\(Limits.workersMax)")
        }
        guard (1...Limits.slotsMax).contains(slotCount) else {
            throw ValidationError("--parallel must be 1...\(Limits.slotsMax)")
        }
    }

    func run() async throws {
        try await Program.run {
            let model = try ModelFile(path: path, options: modelArguments.options)
            let inspection = try Inspection(model: model, stages: stages(of: model))
            Console().write(json ? inspection.json.encoded + "\n" : inspection.text)
        }
    }

    private func stages(of model: ModelFile) throws -> [StageNeed] {
        try StageNeed.all(
            of: model, workers: workers,
            stage.request(of: model.description, directory: nil)
                .settings(slotCount: slotCount, of: model.description),
            on: Kernels(instructionSet.isa).machine(threadCount: threads.count))
    }
}
