// SPDX-License-Identifier: MIT

import BitNetCore

/// Why a measurement cannot be used.
package struct ProfileError: RemediableError, Equatable {
    package let message: String

    package init(_ message: String) {
        self.message = message
    }

    /// Refuses what is not a number within `range`; NaN is in no range.
    static func check(_ value: Double, _ name: String, in range: ClosedRange<Double>) throws(ProfileError) {
        guard range.contains(value) else {
            throw ProfileError(
                "\(name) is \(value), expected \(range.lowerBound)...\(range.upperBound); measure again")
        }
    }
}
