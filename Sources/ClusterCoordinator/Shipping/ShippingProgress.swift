// SPDX-License-Identifier: MIT
package import BitNetCore

/// How far the shipping of one shard is.
package struct ShippingProgress: Sendable {
    package let worker: String
    /// Of each of its stages.
    package let layers: [LayerRange]
    /// Bytes that were sent, repetitions included.
    package let sentByteCount: UInt64
    /// Bytes that the worker had before.
    package let presentByteCount: UInt64
    package let totalByteCount: UInt64
    /// Since the first byte was sent.
    package let elapsed: Duration
    /// The longest that a heartbeat took to be answered meanwhile.
    package let worstHeartbeat: Duration?
    package let isLast: Bool

    /// `a  layers 0-2  1.2 of 1.4 MiB (85 %)  112 MiB/s  ETA 1 s`.
    package var line: String {
        if isLast, sentByteCount == 0 {
            return
                "ship \(worker)  layers \(layers.text)  0 bytes sent: all \(ByteCount.text(totalByteCount)) are on its disk"
        }
        // A part that was refused is sent again.
        let done = min(sentByteCount + presentByteCount, totalByteCount)
        let share = Double(done) / Double(max(totalByteCount, 1)) * 100
        let rate = Double(sentByteCount) / max(elapsed.seconds, 1e-6)
        let left = rate > 0 ? Double(totalByteCount - done) / rate : 0
        return
            "ship \(worker)  layers \(layers.text)  \(ByteCount.text(done)) of \(ByteCount.text(totalByteCount)) "
            + "(\(share.text(places: 0)) %)  \(ByteCount.text(UInt64(clamping: rate)))/s  "
            + (isLast ? "done, verified\(remarks)" : "ETA \(left.text(places: 0)) s")
    }

    private var remarks: String {
        let present = presentByteCount > 0 ? ", \(ByteCount.text(presentByteCount)) were there" : ""
        let heartbeat =
            worstHeartbeat.map { ", heartbeats within \(($0.seconds * 1e3).text(places: 1)) ms" } ?? ""
        return "\(present); \(sentByteCount) bytes in \(elapsed.seconds.text(places: 2)) s\(heartbeat)"
    }
}
