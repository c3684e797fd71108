// SPDX-License-Identifier: MIT
import Synchronization

/// Bytes of a connection's frames, from its handshake on: what one end has sent the other has received, but for what is
/// on the way.
package final class Traffic: Sendable {
    private let sent = Atomic<UInt64>(0)
    private let received = Atomic<UInt64>(0)

    /// Put on the way, also what the kernel has not taken yet.
    package var sentByteCount: UInt64 { sent.load(ordering: .relaxed) }
    /// Parts of frames included.
    package var receivedByteCount: UInt64 { received.load(ordering: .relaxed) }

    func sent(_ byteCount: Int) { sent.wrappingAdd(UInt64(clamping: byteCount), ordering: .relaxed) }

    func received(_ byteCount: Int) { received.wrappingAdd(UInt64(clamping: byteCount), ordering: .relaxed) }
}
