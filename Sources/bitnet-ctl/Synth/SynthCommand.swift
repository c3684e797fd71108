// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import BitNetSynthesis
import ClusterCoordinator
import CommandLine

/// Writes models of any shape and type that mean nothing.
struct SynthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "synth",
        abstract: "Writes a model with random ternary weights, for tests and for measuring speed.",
        discussion: """
            The file says of itself that it is synthetic. The same shape and seed give the same model in every \
            type: trits, scales, norms and embedding agree to the bit. Weights are made while they are written, \
            so that a model larger than memory can be made; a file has its name only once it is complete.

            SHAPES
              2b-4t  microsoft/bitnet-b1.58-2B-4T
              3b     1bitLLM/bitnet_b1_58-3B (its widths do not go with tq1_0 and tq2_0)
              8b     HF1BitLLM/Llama3-8B-1.58
              70b    Llama 3 70B
              100b   the largest of bitnet.cpp's report
              bonsai-1.7b, bonsai-4b, bonsai-8b
                     prism-ml/Ternary-Bonsai: Qwen3's shapes, a scale for 128 weights, all matrices ternary
              tiny   two layers

            TYPES
              tq1_0, tq2_0, i2_s, f16, bf16, f32   a GGUF file with ternary matrices of this type
              q2_0, pq2_0, ptq1_0                  the same; in pq2_0 and ptq1_0 as Prism's programs read them
              q1_0                                 the same without zeros: weights are −1 or +1
              packed                               a Hugging Face directory, two bits a weight
              masters                              a Hugging Face directory, to be quantised by its reader
              unpacked                             the same, plain floats that are ternary by group

            EXAMPLES
              bitnet-ctl synth 2b-4t --type tq2_0 --out 2b-4t.gguf
              bitnet-ctl synth bonsai-8b --type pq2_0 --out bonsai-8b.gguf
              bitnet-ctl synth 8b --type packed --split 2 --out llama3-8b-synthetic
              bitnet-ctl synth bonsai-1.7b --type unpacked --embedding f16 --out bonsai-unpacked
              bitnet-ctl synth 2b-4t --family bitnet --activation silu --layers 2 --out small.gguf
              bitnet-ctl synth tiny --hidden 256 --ffn 512 --heads 4 --type i2_s --i2s-layout b --out odd.gguf
            """)

    @Argument(
        help: """
            2b-4t, 3b, 8b, 70b, 100b, bonsai-1.7b, bonsai-4b, bonsai-8b or tiny; options change what is not wanted \
            of it.
            """)
    var shape: String

    @Option(
        help:
            """
            tq1_0, tq2_0, i2_s, q2_0, pq2_0, ptq1_0, q1_0, f16, bf16, f32, packed, masters or unpacked; tq2_0 by \
            default.
            """
    )
    var type = SyntheticFormat.Kind.tq2

    @Option(name: .customLong("i2s-layout"), help: "Order of I2_S codes: a (usual), b (ARM builds) or c.")
    var i2sLayout = I2SLayout.a

    @Option(
        help: """
            Embedding and head, and in directories all plain floats: f16, bf16 or f32; by default as \
            the matrices, else f16 in GGUF files and bf16 in directories. Ternary ones are as the matrices.
            """)
    var embedding: String?

    @Option(help: "Seed of the random weights.")
    var seed: UInt64 = 1

    @Option(name: .shortAndLong, help: "File to write, or directory with packed, masters and unpacked.")
    var out: String

    @Option(help: ArgumentHelp("Files among which the weights are divided, at most.", valueName: "n"))
    var split = 1

    @OptionGroup var threads: ThreadArguments

    @Flag(help: "Replace files that are there.")
    var force = false

    @Flag(help: "Also give the SHA-256 of every file.")
    var sha256 = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Shape") var changes: ShapeOptions

    func validate() throws {
        guard ModelShape(rawValue: shape) != nil else {
            throw ValidationError("shape \(shape) is unknown; give one of \(Self.shapeNames)")
        }
        _ = try format
        guard (1...Limits.modelFilesMax).contains(split) else {
            throw ValidationError("--split must be 1...\(Limits.modelFilesMax)")
        }
        guard !out.isEmpty, !out.hasSuffix("/") || type.isDirectory else {
            throw ValidationError("--out must name a file")
        }
    }

    func run() async throws {
        try await Program.run {
            let console = Console()
            let work = Task { try await write(console) }
            let signals = Task {
                await Program.untilTerminated()
                work.cancel()
            }
            defer { signals.cancel() }
            try await work.value
        }
    }

    private func write(_ console: Console) async throws {
        guard let shape = ModelShape(rawValue: shape) else { return }
        let model = try SyntheticModel(shape, changes.changes, seed: seed)
        let path = path
        let output = try model.output(try format, path: path, parts: split)
        console.note(
            "\(model.description.name): \(model.parameterCount) weights, \(output.byteCount) bytes as "
                + type.rawValue)
        let total = output.byteCount
        let start = ContinuousClock.now
        try await output.write(overwrites: force, threads: threads.count) { written in
            let percent = Double(written) / Double(total) * 100
            console.progress("write", "\(path): \(percent.text(places: 0)) %", isLast: false)
        }
        let report = SynthReport(
            model: model, type: type, output: output, duration: start.duration(to: .now),
            digests: sha256 ? try output.files.map(Self.digest) : nil)
        console.write(json ? report.json.encoded + "\n" : report.text)
    }

    /// `out` without what a shell may add to the name of a directory.
    private var path: String {
        var path = out
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    private static func digest(_ file: FileImage) throws -> ContentDigest {
        try MappedFile(path: file.path).withWholeBytes { ContentDigest.of($0) }
    }

    private static var shapeNames: String { ModelShape.allCases.map(\.rawValue).joined(separator: ", ") }

    private var format: SyntheticFormat {
        get throws {
            let floats: TensorEncoding? =
                switch embedding {
                case nil: nil
                case "f16": .float16
                case "bf16": .bfloat16
                case "f32": .float32
                case let name?: throw ValidationError("--embedding: “\(name)” is not f16, bf16 or f32")
                }
            return SyntheticFormat(type, i2sLayout: i2sLayout, floats: floats)
        }
    }
}

extension SyntheticFormat.Kind: ExpressibleByArgument {}
