// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterCoordinator
import CommandLine

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
            "2b-4t, 3b, 8b, 70b, 100b; may be repeated, 2b-4t, 8b and 70b by default.", valueName: "shape"))
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
            var found: [(shape: ModelShape, measurements: [KernelBench.Measurement])] = []
            if !bench.json { console.write(Machine.summary(kernels, mode: bench.kernels.mode) + "\n") }
            for shape in try shapes {
                for matrix in shape.matrices {
                    let rows = min(matrix.rows, rowsMax)
                    console.note("\(shape.rawValue): \(rows) × \(matrix.columns)")
                    let measurements = try meter.measure(rows: rows, columns: matrix.columns)
                    found.append((shape, measurements))
                    if !bench.json { console.write(Self.table(shape, measurements)) }
                }
            }
            console.write(
                bench.json
                    ? json(kernels, meter, found).encoded + "\n" : Self.closing(meter, found.flatMap(\.1)))
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

    // MARK: Text

    private static func table(_ shape: ModelShape, _ measurements: [KernelBench.Measurement]) -> String {
        guard let first = measurements.first else { return "" }
        var table = TextTable([
            "\(shape.rawValue) \(first.rows) × \(first.columns)", "tokens", "threads", "µs", "codes µs",
            "Gweights/s", "GB/s", "of read", "GMAC/s", "of peak",
        ])
        for item in measurements {
            table.add([
                "  " + item.product.rawValue, "\(item.tokens)", "\(item.threads)",
                (item.seconds * 1e6).text(places: 1), (item.quantiseSeconds * 1e6).text(places: 1),
                (item.weightRate / 1e9).text(places: 1), (item.byteRate / 1e9).text(places: 1),
                item.readRatio.text(places: 2), (item.multiplyAddRate / 1e9).text(places: 1),
                item.multiplyAddRatio?.text(places: 2) ?? "–",
            ])
        }
        return "\n" + table.text
    }

    private static func closing(_ meter: KernelBench, _ measurements: [KernelBench.Measurement]) -> String {
        var text = "\n"
        for best in meter.best {
            let peak = best.multiplyAddRate.map { ", int8 peak \(($0 / 1e9).text(places: 0)) GMAC/s" } ?? ""
            text +=
                "\(best.threads) thread\(best.threads == 1 ? "" : "s"): pure read "
                + "\((best.readRate / 1e9).text(places: 1)) GB/s\(peak)\n"
        }
        text +=
            "laid out when loaded: \((meter.layoutRates.median / 1e9).text(places: 2)) GB/s of packed weights "
            + "a thread\n"
        for (fewer, more) in slowdowns(measurements) {
            text +=
                "warning: \(more.threads) threads are slower than \(fewer.threads): \(more.rows) × "
                + "\(more.columns), \(more.tokens) tokens, \(more.product.rawValue): "
                + "\((more.seconds * 1e6).text(places: 1)) µs instead of "
                + "\((fewer.seconds * 1e6).text(places: 1))\n"
        }
        return text
    }

    /// Pairs of configurations of which the one with more threads is slower, by more than measuring may err.
    private static func slowdowns(
        _ measurements: [KernelBench.Measurement]
    ) -> [(KernelBench.Measurement, KernelBench.Measurement)] {
        measurements.compactMap { more in
            let fewer = measurements.filter { item in
                item.rows == more.rows && item.columns == more.columns && item.tokens == more.tokens
                    && item.product == more.product && item.threads < more.threads
            }.min { $0.seconds < $1.seconds }
            guard let fewer, more.seconds > 1.05 * fewer.seconds else { return nil }
            return (fewer, more)
        }
    }

    // MARK: JSON

    private func json(
        _ kernels: Kernels, _ meter: KernelBench,
        _ found: [(shape: ModelShape, measurements: [KernelBench.Measurement])]
    ) -> JSONValue {
        let best = meter.best.map { best in
            JSONValue.object([
                ("threads", .integer(best.threads)), ("read_bytes_per_second", .number(best.readRate)),
                ("int8_multiply_adds_per_second", .optional(best.multiplyAddRate)),
            ])
        }
        let results = found.flatMap { shape, measurements in
            measurements.map { item in
                JSONValue.object([
                    ("shape", .text(shape.rawValue)), ("rows", .integer(item.rows)),
                    ("columns", .integer(item.columns)), ("tokens", .integer(item.tokens)),
                    ("product", .text(item.product.rawValue)), ("threads", .integer(item.threads)),
                    ("seconds", .number(item.seconds)), ("quantise_seconds", .number(item.quantiseSeconds)),
                    ("weights_per_second", .number(item.weightRate)),
                    ("bytes_per_second", .number(item.byteRate)), ("read_ratio", .number(item.readRatio)),
                    ("multiply_adds_per_second", .number(item.multiplyAddRate)),
                    ("peak_ratio", .optional(item.multiplyAddRatio)),
                ])
            }
        }
        let slower = Self.slowdowns(found.flatMap(\.measurements)).count
        return .object(
            Machine.members(kernels, mode: bench.kernels.mode) + [
                ("best", .list(best)),
                ("layout_bytes_per_second_and_thread", .number(meter.layoutRates.median)),
                ("slower_with_more_threads", .integer(slower)), ("results", .list(results)),
            ])
    }
}
