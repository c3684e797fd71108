// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetEngine
import BitNetFormats

/// What figures were measured on.
package struct Machine: Equatable, Sendable {
    package var processor: String
    package var processorCount: Int
    /// The kernels' instruction set.
    package var isa: String
    package var mode: KernelMode
    /// Which products the kernels use, for people.
    package var products: String
    /// Tokens from which on the dot product is used; `nil` for never.
    package var dotTokensMin: Int?

    package init(
        processor: String, processorCount: Int, isa: String, mode: KernelMode, products: String,
        dotTokensMin: Int?
    ) {
        self.processor = processor
        self.processorCount = processorCount
        self.isa = isa
        self.mode = mode
        self.products = products
        self.dotTokensMin = dotTokensMin
    }

    /// This machine with these kernels.
    package init(_ kernels: Kernels, mode: KernelMode) {
        self.init(
            processor: Self.processorName, processorCount: ComputePool.defaultThreadCount, isa: kernels.name,
            mode: mode, products: kernels.productSummary,
            dotTokensMin: kernels.dotTokensMin == .max ? nil : kernels.dotTokensMin)
    }

    /// This machine's processor as the kernel tells it; `unknown processor` if it does not.
    package static var processorName: String {
        processorName(in: SmallFile.text("/proc/cpuinfo") ?? "") ?? "unknown processor"
    }

    /// - Parameter cpuInfo: the beginning of /proc/cpuinfo.
    package static func processorName(in cpuInfo: String) -> String? {
        for line in cpuInfo.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].hasPrefix("model name") else { continue }
            return String(parts[1].drop(while: \.isWhitespace))
        }
        return nil
    }

    /// For people.
    package var text: String {
        "\(processor), \(processorCount) processors; \(isa) kernels, \(mode.rawValue): \(products)"
    }

    /// For programs: the first members of a report.
    package var members: [(key: String, value: JSONValue)] {
        [
            ("processor", .text(processor)), ("processors", .integer(processorCount)),
            ("isa", .text(isa)), ("kernels", .text(mode.rawValue)),
            ("dot_product_from_tokens", dotTokensMin.map { .integer($0) } ?? .null),
        ]
    }
}
