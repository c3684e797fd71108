// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetEngine
import BitNetFormats
import BitNetSynthesis
import ClusterCoordinator
import CommandLine
import OperatorReports

/// The ternary products, matrix shape by matrix shape.
struct BenchKernelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Measures ternary products on the matrix shapes of known models.",
        discussion: """
            Every figure is the median of rounds in which all configurations take turns, each beside how fast \
            the same threads can only read memory, and only multiply. Weights come from memory: many copies of \
            a matrix take turns. The int8 codes are made beforehand, as several products share them. With --kernels auto \
            both products are measured.

            EXAMPLES
              bitnet-ctl bench kernels --quick
              bitnet-ctl bench kernels --shape 2b-4t --tokens 1,8,512 --threads 1,2 --json
            """)

    @Option(
        help: ArgumentHelp(
            "\(ModelShape.names); may be repeated, 2b-4t, 8b and 70b by default.", valueName: "shape"))
    var shape: [String] = []

    @Option(help: "Numbers of tokens, with commas between.")
    var tokens = "1,2,4,8,16,32,64,128,512"

    @Option(name: .shortAndLong, help: "Numbers of threads, with commas between; 1 and all by default.")
    var threads: String?

    @Flag(help: "Fewer rounds and tokens, smaller matrices: some seconds.")
    var quick = false

    @Option(help: ArgumentHelp("Rows of a matrix at most.", visibility: .hidden))
    var rows: Int?

    @OptionGroup var bench: BenchOptions

    private static let quickTokens = "1,2,8,64"
    private static let tokensMax = 4096

    func validate() throws {
        _ = try shapes
        _ = try options
        guard rows.map({ $0 > 0 }) ?? true else { throw ValidationError("--rows must be above 0") }
    }

    func run() async throws {
        try await Program.run {
            let console = Console()
            let options = try options
            let kernels = try bench.kernels.kernels(threadCount: options.threadCounts.max() ?? 1)
            let meter = try KernelBench(kernels: kernels, options: options)
            var report = KernelBenchReport(Machine(kernels, mode: bench.kernels.mode))
            if !bench.json { console.write(report.machine.text + "\n") }
            for shape in try shapes {
                for matrix in shape.matrices {
                    let rows = min(matrix.rows, rowsMax)
                    console.note("\(shape.rawValue): \(rows) × \(matrix.columns)")
                    let found = KernelBenchReport.Matrix(
                        shape: shape.rawValue,
                        measurements: try meter.measure(rows: rows, columns: matrix.columns))
                    report.matrices.append(found)
                    if !bench.json { console.write(found.text) }
                }
            }
            report.best = meter.best
            report.layoutRate = meter.layoutRates.median
            console.write(bench.json ? report.json.encoded + "\n" : report.closing)
        }
    }

    private var shapes: [ModelShape] {
        get throws {
            try shape.isEmpty
                ? [.twoBillion, .eightBillion, .seventyBillion] : shape.map(BenchOptions.shape)
        }
    }

    private var rowsMax: Int { min(rows ?? .max, quick ? 4096 : .max) }

    private var options: KernelBench.Options {
        get throws {
            var options = KernelBench.Options()
            let isDefault = tokens == "1,2,4,8,16,32,64,128,512"
            options.tokenCounts = try BenchOptions.numbers(
                quick && isDefault ? Self.quickTokens : tokens, "--tokens", atMost: Self.tokensMax)
            options.threadCounts =
                try threads.map {
                    try BenchOptions.numbers($0, "--threads", atMost: Limits.threadsMax)
                } ?? Array(Set([1, ComputePool.defaultThreadCount])).sorted()
            switch bench.kernels.mode {
            case .auto: break
            case .addOnly: options.products = [.addOnly]
            case .dot8: options.products = [.dot8]
            }
            if quick {
                options.rounds = 4
                options.roundSeconds = 0.003
                options.weightByteCount = 200 << 20
            }
            if let rows, rows <= 1024 { options.weightByteCount = 8 << 20 }
            return options
        }
    }
}
