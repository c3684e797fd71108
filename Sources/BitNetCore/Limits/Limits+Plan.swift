// SPDX-License-Identifier: MIT

/// Bounds of what is measured, planned and simulated.
///
/// Measurements come from workers over the network and from a file; every sum that a plan makes of figures
/// within these bounds is finite. Tested at the limit and one past it.
extension Limits {
    // MARK: Measurements

    /// Points of one measured curve.
    package static let profilePointsMax = 32
    /// What one layer, head or step may take, seconds: as long as a step may take at all.
    package static let profileSecondsMax = 120.0
    /// What attending to one cached token may take in one layer, seconds.
    package static let attentionSecondsMax = 1e-2
    /// Speed of memory or of a link, bytes per second: from a modem to more than any machine has.
    package static let bytesPerSecondRange = 1e3...1e14
    /// One-way delay of a link, seconds.
    package static let linkLatencySecondsMax = 60.0

    /// Memory of a machine, bytes: no machine has more; exact as a floating-point number.
    package static let machineMemoryBytesMax: UInt64 = 1 << 50

    // MARK: Plans

    /// One figure of a model's cost, bytes: sums of the largest plan stay far below 64 bits.
    package static let plannedBytesMax: UInt64 = 1 << 46

    // MARK: The book of measurements

    /// The file in which a coordinator keeps what was measured, bytes.
    package static let bookBytesMax = 16 << 20
    /// Profiles that it keeps; the oldest go first.
    package static let bookWorkersMax = 4096
    package static let bookLinksMax = 16_384
    /// Runs that it keeps; the oldest go first.
    package static let bookRunsMax = 256
    /// Models of which a coordinator remembers how they are divided into segments; the oldest go first.
    package static let segmentChoicesMax = 256
}
