// SPDX-License-Identifier: MIT

/// Conversions and sums of numbers that come from outside: of a peer, a file, a clock, the system or a user.
///
/// `init(exactly:)` and `init(clamping:)` of the standard library convert between integers; these are what it lacks.
extension FixedWidthInteger {
    /// The whole part of `value`, the nearest bound for what is beyond it, and 0 for what is no number.
    package init(clamping value: Double) {
        self = Self(exactly: value.rounded(.towardZero)) ?? (value.isNaN ? 0 : value < 0 ? .min : .max)
    }

    /// The sum, or the bound that it would pass.
    package func addingSaturating(_ other: Self) -> Self {
        let (sum, isBeyond) = addingReportingOverflow(other)
        return isBeyond ? (other < 0 ? .min : .max) : sum
    }

    /// The product, or `nil` if it is beyond the type's bounds.
    package func multiplied(by factor: Self) -> Self? {
        let (product, isBeyond) = multipliedReportingOverflow(by: factor)
        return isBeyond ? nil : product
    }
}

extension Duration {
    /// 0 for what is negative, and the largest number for what is beyond it.
    package var wholeMicroseconds: UInt64 {
        let (seconds, attoseconds) = components
        return (UInt64(clamping: seconds).multiplied(by: 1_000_000) ?? .max)
            .addingSaturating(UInt64(clamping: attoseconds / 1_000_000_000_000))
    }
}
