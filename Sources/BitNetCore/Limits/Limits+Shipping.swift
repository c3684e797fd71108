// SPDX-License-Identifier: MIT

/// Bounds of what is under way between a coordinator and one worker's disk.
extension Limits {
    /// Parts that may be offered, arriving or being checked at a time: enough that the link never waits for a
    /// disk, few enough that what a worker holds open stays small.
    package static let transfersMax = 4

    /// Threads of a process that hash, sync, pack and load; more than it works on at a time.
    package static let diskThreads = 2 * transfersMax

    /// How often a part that arrived damaged is sent again.
    package static let partRetriesMax = 2

    // MARK: Flow control (bytes that a worker has not written yet)

    /// Bytes of one chunk on a fast link.
    package static let sendChunkBytesMax = 256 << 10
    /// Bytes of one chunk on a slow link: at 1 MiB/s it takes 16 ms.
    package static let sendChunkBytesMin = 16 << 10
    /// What may be under way before anything is known of the link: 2 ms at 1 Gbit/s.
    package static let sendWindowBytesFirst = 256 << 10
    /// What may be under way on the slowest link, so that the next chunk is there when one is written.
    package static let sendWindowBytesMin = 4 * sendChunkBytesMin
    /// What may be under way on the fastest and longest link: 10 Gbit/s over 25 ms; bounds the sender's memory.
    package static let sendWindowBytesMax = 32 << 20
    /// How much longer than the empty link the full one may take, which is how late a heartbeat may be that
    /// shares it; half of the 50 ms that are allowed, as several workers may share it too.
    package static let sendQueueDelay: Duration = .milliseconds(25)
    /// The shortest time over which the speed of a link is taken; shorter ones show bursts instead.
    package static let sendRateInterval: Duration = .milliseconds(40)
    /// Intervals over which the best speed of a link is remembered.
    package static let sendRateIntervalsMax = 8
}
