// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import Glibc

/// What figures were measured on.
enum Machine {
    /// The processor's name as the kernel tells it; `unknown processor` if it does not.
    static var processorName: String {
        guard let file = fopen("/proc/cpuinfo", "r") else { return "unknown processor" }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 512)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let parts = text.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].hasPrefix("model name") else { continue }
            return String(parts[1].drop(while: \.isWhitespace).prefix { !$0.isNewline })
        }
        return "unknown processor"
    }

    static func members(_ kernels: Kernels, mode: KernelMode) -> [(key: String, value: JSONValue)] {
        [
            ("processor", .text(processorName)), ("processors", .integer(ComputePool.defaultThreadCount)),
            ("isa", .text(kernels.name)), ("kernels", .text(mode.rawValue)),
            (
                "dot_product_from_tokens",
                kernels.dotTokensMin == .max ? .null : .integer(kernels.dotTokensMin)
            ),
        ]
    }

    static func summary(_ kernels: Kernels, mode: KernelMode) -> String {
        "\(processorName), \(ComputePool.defaultThreadCount) processors; \(kernels.name) kernels, "
            + "\(mode.rawValue): \(kernels.productSummary)"
    }
}
