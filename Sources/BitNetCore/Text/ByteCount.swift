// SPDX-License-Identifier: MIT

/// Byte counts for people.
package enum ByteCount {
    private static let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

    /// `512 B`, `1.2 MiB`: powers of 1024, one digit after the point, rounded half up.
    package static func text(_ byteCount: UInt64) -> String {
        guard byteCount >= 1024 else { return "\(byteCount) B" }
        var index = 0
        var unit: UInt64 = 1024
        // 1023.95 of a unit would be written as 1024.0, which is 1.0 of the next.
        while index + 1 < units.count, tenths(byteCount, of: unit) >= 10_240 {
            unit *= 1024
            index += 1
        }
        let tenths = tenths(byteCount, of: unit)
        return "\(tenths / 10).\(tenths % 10) \(units[index])"
    }

    private static func tenths(_ byteCount: UInt64, of unit: UInt64) -> UInt64 {
        byteCount / unit * 10 + (byteCount % unit * 10 + unit / 2) / unit
    }
}
