// SPDX-License-Identifier: MIT
package import BitNetCore
import BitNetFormats

/// What `bench convert` found, for people and for programs.
package struct ConversionBenchReport: Equatable, Sendable {
    package var model: String
    /// Of the model's files.
    package var inputByteCount: Double
    /// Of the parts.
    package var outputByteCount: Double
    package var seconds: Double
    package var threadCount: Int

    package init(
        model: String, inputByteCount: Double, outputByteCount: Double, seconds: Double, threadCount: Int
    ) {
        self.model = model
        self.inputByteCount = inputByteCount
        self.outputByteCount = outputByteCount
        self.seconds = seconds
        self.threadCount = threadCount
    }

    private var inputRate: Double { inputByteCount / seconds }

    package var text: String {
        "\(model): \((inputByteCount / 1e9).text(places: 2)) GB become "
            + "\((outputByteCount / 1e9).text(places: 2)) GB "
            + "in \(seconds.text(places: 2)) s with \(plural(threadCount, "thread")): "
            + "\((inputRate / 1e9).text(places: 2)) GB/s of input, "
            + "\((inputRate / 1e9 / Double(threadCount)).text(places: 2)) a thread\n"
    }

    package var json: JSONValue {
        .object([
            ("input_bytes", .number(inputByteCount)), ("output_bytes", .number(outputByteCount)),
            ("seconds", .number(seconds)), ("threads", .integer(threadCount)),
            ("input_bytes_per_second", .number(inputRate)),
        ])
    }
}
