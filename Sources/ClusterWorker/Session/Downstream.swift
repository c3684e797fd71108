// SPDX-License-Identifier: MIT
import ClusterTransport
import Synchronization

/// The connection on which a stage's frames leave.
///
/// The compute queue sends; the session connects and closes.
final class Downstream: Sendable {
    private let connection = Mutex<FrameConnection?>(nil)

    func connect(to next: FrameConnection) {
        connection.withLock { $0 = next }
    }

    /// - Parameter sent: called when the kernel has all bytes.
    func send(_ bytes: [UInt8], sent: @escaping @Sendable () -> Void) {
        connection.withLock { $0 }?.send(encoded: bytes, sent: sent)
    }

    func close() {
        connection.withLock { connection in
            defer { connection = nil }
            return connection
        }?.close()
    }
}
