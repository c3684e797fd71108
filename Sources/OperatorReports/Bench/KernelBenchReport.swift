// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetEngine
import BitNetFormats

/// What `bench kernels` found, for people and for programs.
package struct KernelBenchReport: Sendable {
    /// All measurements of one matrix.
    package struct Matrix: Sendable {
        /// The model's shape that it is of.
        package var shape: String
        package var measurements: [KernelBench.Measurement]

        package init(shape: String, measurements: [KernelBench.Measurement]) {
            self.shape = shape
            self.measurements = measurements
        }
    }

    package var machine: Machine
    package var matrices: [Matrix] = []
    /// By number of threads.
    package var best: [KernelBench.Best] = []
    /// Bytes of packed weights that a thread lays out in a second.
    package var layoutRate = 0.0

    package init(_ machine: Machine) {
        self.machine = machine
    }

    /// Pairs of configurations of which the one with more threads is slower, by more than measuring may err.
    private var slowdowns: [(fewer: KernelBench.Measurement, more: KernelBench.Measurement)] {
        let all = matrices.flatMap(\.measurements)
        return all.compactMap { more in
            let fewer = all.filter { item in
                item.rows == more.rows && item.columns == more.columns && item.tokens == more.tokens
                    && item.product == more.product && item.threads < more.threads
            }.min { $0.seconds < $1.seconds }
            guard let fewer, more.seconds > 1.05 * fewer.seconds else { return nil }
            return (fewer, more)
        }
    }

    // MARK: Text

    /// What stands below the tables.
    package var closing: String {
        var text = "\n"
        for best in best {
            let peak = best.multiplyAddRate.map { ", int8 peak \(($0 / 1e9).text(places: 0)) GMAC/s" } ?? ""
            text +=
                "\(plural(best.threads, "thread")): pure read "
                + "\((best.readRate / 1e9).text(places: 1)) GB/s\(peak)\n"
        }
        text +=
            "laid out when loaded: \((layoutRate / 1e9).text(places: 2)) GB/s of packed weights a thread\n"
        for (fewer, more) in slowdowns {
            text +=
                "warning: \(more.threads) threads are slower than \(fewer.threads): \(more.rows) × "
                + "\(more.columns), \(more.tokens) tokens, \(more.product.rawValue): "
                + "\((more.seconds * 1e6).text(places: 1)) µs instead of "
                + "\((fewer.seconds * 1e6).text(places: 1))\n"
        }
        return text
    }

    // MARK: JSON

    package var json: JSONValue {
        .object(
            machine.members + [
                ("best", .list(best.map(Self.object))),
                ("layout_bytes_per_second_and_thread", .number(layoutRate)),
                ("slower_with_more_threads", .integer(slowdowns.count)),
                ("results", .list(matrices.flatMap(\.objects))),
            ])
    }

    private static func object(_ best: KernelBench.Best) -> JSONValue {
        .object([
            ("threads", .integer(best.threads)), ("read_bytes_per_second", .number(best.readRate)),
            ("int8_multiply_adds_per_second", .optional(best.multiplyAddRate)),
        ])
    }
}

extension KernelBenchReport.Matrix {
    /// A table with a blank line above it.
    package var text: String {
        guard let first = measurements.first else { return "" }
        var table = Table(
            [
                "\(shape) \(first.rows) × \(first.columns)", "tokens", "threads", "µs", "codes µs",
                "Gweights/s", "GB/s", "of read", "GMAC/s", "of peak",
            ], others: .right)
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

    fileprivate var objects: [JSONValue] {
        measurements.map { item in
            .object([
                ("shape", .text(shape)), ("rows", .integer(item.rows)), ("columns", .integer(item.columns)),
                ("tokens", .integer(item.tokens)), ("product", .text(item.product.rawValue)),
                ("threads", .integer(item.threads)), ("seconds", .number(item.seconds)),
                ("quantise_seconds", .number(item.quantiseSeconds)),
                ("weights_per_second", .number(item.weightRate)),
                ("bytes_per_second", .number(item.byteRate)), ("read_ratio", .number(item.readRatio)),
                ("multiply_adds_per_second", .number(item.multiplyAddRate)),
                ("peak_ratio", .optional(item.multiplyAddRatio)),
            ])
        }
    }
}
