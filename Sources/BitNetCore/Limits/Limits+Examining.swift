// SPDX-License-Identifier: MIT

/// Bounds of examinations. Tested at the limit and one past it.
extension Limits {
    /// Why something could not be measured, bytes of UTF-8; the sender cuts it.
    package static let examinedErrorBytesMax = 512
    /// Ways that a worker measures at a time; each is a connection of its neighbour.
    package static let examinedNeighboursMax = 16
    /// Bytes that are written and synced to see how fast a disk is; a slow one takes a second for them.
    package static let examinedWriteBytes = 1 << 20
    /// Examinations that wait for the disk at a time.
    package static let examinedWritersMax = 4
    /// How long a disk may take for them before it counts as stuck.
    package static let examinedWriteTimeout: Duration = .seconds(3)
    /// Over which the time is taken that other virtual machines use.
    package static let examinedStealInterval: Duration = .milliseconds(200)
    /// How long a worker measures the ways to others in all; those that are left by then are not measured.
    package static let examinedLinksTime: Duration = .seconds(7)
    /// How long an examiner may think between two questions; more than another worker's links take.
    package static let examineIdleTimeout: Duration = .seconds(20)
    /// How long an examiner waits for a worker's connection and its examination: a dial and the stuck disk.
    package static let examineTimeout: Duration = .seconds(6)
    /// How long it waits for the links; with the above it bounds the whole examination to 15 s.
    package static let examineLinksTimeout: Duration = .seconds(9)
}
