// SPDX-License-Identifier: MIT

/// Sizes as people write them.
package enum ByteSize {
    private static let units: [(name: String, byteCount: UInt64)] = [
        ("", 1), ("b", 1),
        ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30), ("tib", 1 << 40),
        ("kb", 1_000), ("mb", 1_000_000), ("gb", 1_000_000_000), ("tb", 1_000_000_000_000),
    ]

    /// Reads `4GiB`, `4 GB`, `512MiB` or plain bytes; units in any case, no fractions.
    ///
    /// - Returns: bytes, at least 1.
    /// - Throws: ``ConfigError`` without a place.
    package static func parse(_ text: String) throws(ConfigError) -> UInt64 {
        let digits = text.prefix { ("0"..."9").contains($0) }
        let suffix = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        guard !digits.isEmpty, let unit = units.first(where: { $0.name == suffix }) else {
            throw ConfigError(
                "“\(text)” is not a size; write for instance 4GiB, 4GB, 512MiB or a number of bytes")
        }
        // UInt64.init fails on nothing but overflow here.
        let product = UInt64(digits, radix: 10)?.multipliedReportingOverflow(by: unit.byteCount)
        guard let product, !product.overflow else { throw ConfigError("the size “\(text)” is too large") }
        guard product.partialValue > 0 else { throw ConfigError("a size of nothing is of no use") }
        return product.partialValue
    }
}
