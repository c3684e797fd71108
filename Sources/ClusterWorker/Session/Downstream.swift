// SPDX-License-Identifier: MIT
import ClusterTransport
import ClusterWire
import Synchronization

/// The connection on which a stage's frames leave.
///
/// The compute queue sends; the session connects and closes.
final class Downstream: Sendable {
    private let sender = Mutex<DirectSender?>(nil)

    /// From now on nothing else may send on `next`.
    func connect(to next: FrameConnection) {
        let direct = DirectSender(next)
        sender.withLock { $0 = direct }
    }

    /// - Parameter sent: called when the kernel has all bytes.
    func send(_ frame: Frame, sent: @escaping @Sendable () -> Void) {
        sender.withLock { $0 }?.send(frame, sent: sent)
    }

    func close() {
        sender.withLock { sender in
            defer { sender = nil }
            return sender
        }?.close()
    }
}
