// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterTransport
import ClusterWire
import Synchronization

/// The connection on which a stage's frames leave: to the next worker, or to the coordinator when it is the last.
///
/// The compute queue sends; the session connects and closes.
final class Downstream: Sendable {
    private let sender = Mutex<DirectSender?>(nil)

    /// From now on nothing else may send on `next`.
    ///
    /// - Parameters:
    ///   - peer: Who listens there, for messages.
    ///   - report: Called when the peer sends something, or the connection is gone; then there is no way on.
    func connect(
        to next: FrameConnection, named peer: String, report: @escaping @Sendable (String) -> Void
    ) {
        let direct = DirectSender(next)
        sender.withLock { $0 = direct }
        next.deliver(
            to: FrameSink(
                received: { report("\(peer) sent a \($0.type) against the stream") },
                closed: { report("the connection to \(peer) is gone: \($0.words)") }))
    }

    /// - Parameter sent: called when the kernel has all bytes.
    func send(_ frame: Frame, sent: @escaping @Sendable () -> Void) {
        sender.withLock { $0 }?.send(frame, sent: sent)
    }

    /// What went over the connection, if there is one.
    var traffic: Traffic? { sender.withLock { $0?.traffic } }

    func close() {
        sender.withLock { sender in
            defer { sender = nil }
            return sender
        }?.close()
    }
}
