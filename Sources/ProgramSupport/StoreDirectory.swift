// SPDX-License-Identifier: MIT
import Glibc

/// Where a coordinator keeps converted weights unless it is told otherwise.
package enum StoreDirectory {
    /// `bitnet-coord` in `$XDG_CACHE_HOME` or `~/.cache`; `nil` without a home.
    package static var standard: String? {
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        return variable("XDG_CACHE_HOME").map { $0 + "/bitnet-coord" }
            ?? variable("HOME").map { $0 + "/.cache/bitnet-coord" }
    }
}
