// SPDX-License-Identifier: MIT
import Glibc

extension WallClock {
    /// A time of this machine's zone in a format of `strftime`; `nil` if that gives no text, or one of more than
    /// `Limits.timeTextBytesMax` bytes.
    ///
    /// - Parameter seconds: since 1970.
    package static func text(_ format: String, at seconds: Int64) -> String? {
        guard format.utf8.count <= Limits.timeTextBytesMax else { return nil }
        var time = Int(clamping: seconds)
        var parts = tm()
        guard localtime_r(&time, &parts) != nil else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Limits.timeTextBytesMax + 1) {
            buffer in
            guard let start = buffer.baseAddress else { return nil }
            let count = strftime(start, buffer.count, format, &parts)
            guard count > 0 else { return nil }
            return String(
                decoding: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]),
                as: UTF8.self)
        }
    }
}
