// SPDX-License-Identifier: MIT
import Glibc

extension Int32 {
    /// What the system says of this `errno` value.
    var asErrnoText: String { String(cString: strerror(self)) }
}
