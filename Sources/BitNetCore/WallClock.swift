// SPDX-License-Identifier: MIT
import Glibc

/// The time of day, which may be set: for records and people, never for deadlines.
package enum WallClock {
    /// Since 1970.
    package static var micros: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(clamping: time.tv_sec) * 1_000_000 + Int64(clamping: time.tv_nsec) / 1000
    }

    /// Since 1970.
    package static var seconds: Double { Double(micros) / 1e6 }
}
