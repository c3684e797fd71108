// SPDX-License-Identifier: MIT
import Glibc

/// Where programs keep what they can make again.
package enum CacheDirectory {
    /// `$XDG_CACHE_HOME/bitnet-coord` or `~/.cache/bitnet-coord`; `nil` without a home.
    package static var standard: String? {
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        return variable("XDG_CACHE_HOME").map { $0 + "/bitnet-coord" }
            ?? variable("HOME").map { $0 + "/.cache/bitnet-coord" }
    }
}
