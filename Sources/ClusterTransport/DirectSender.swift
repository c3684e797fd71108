// SPDX-License-Identifier: MIT
import BitNetCore
package import ClusterWire
import Glibc
import NIOCore
import Synchronization

/// Sends a connection's frames from the calling thread, as long as the kernel takes them at once.
///
/// Waking the event loop takes longer than sending a decode step. What the kernel does not take, what is too large to be
/// copied by a thread that should compute, and what is encrypted, goes through the channel. From its creation on
/// nothing else may send on the connection.
///
/// Order: bytes go to the socket directly only while the channel holds none, and only under the lock. The
/// channel holds bytes from the moment at which they are counted, under the lock, until its write has
/// succeeded. They reach it through `execute`, called under the same lock and also on the event loop itself,
/// so that the loop sees them in the order of the lock. What was sent before this sender was made is behind
/// the count that it starts with, which an empty write takes back.
///
/// Descriptor: a duplicate of the channel's, made on the event loop while the channel is open, used and closed
/// under the lock only; so its number cannot belong to another socket while it is used. It is closed with the
/// channel, so that the peer learns of the end.
///
/// Errors: the channel gets the bytes that an error left, fails as well, and tells the connection's reader. A
/// write that failed is never taken off the count; nothing can follow it directly.
package final class DirectSender: Sendable {
    private struct State: ~Copyable {
        var socket: OwnSocket?
        /// Writes that the channel was given and has not finished.
        var heldCount = 1
    }

    private let connection: FrameConnection
    private let state = Mutex(State())

    package init(_ connection: FrameConnection) {
        self.connection = connection
        connection.channel.eventLoop.execute { [self] in begin() }
    }

    /// Sends one frame; never blocks.
    ///
    /// - Parameter sent: called once, when the kernel has all bytes: before this returns, or on the event loop.
    ///   Not called if the connection breaks first.
    package func send(_ frame: Frame, sent: @escaping @Sendable () -> Void) {
        connection.traffic.sent(frame.header.frameByteCount)
        let isSent = state.withLock { state in
            var sentByteCount = 0
            if state.heldCount == 0, frame.bytes.readableBytes <= Limits.directSendBytesMax {
                sentByteCount = state.socket?.send(frame.bytes) ?? 0
            }
            guard sentByteCount < frame.bytes.readableBytes else { return true }
            state.heldCount += 1
            var rest = frame.bytes
            rest.moveReaderIndex(forwardBy: sentByteCount)
            connection.channel.eventLoop.execute { [self, rest] in write(rest, sent: sent) }
            return false
        }
        if isSent { sent() }
    }

    /// What went over the connection since its beginning.
    package var traffic: Traffic { connection.traffic }

    /// Closes the connection at once.
    package func close() {
        connection.close()
    }

    /// On the event loop; without a duplicate everything goes through the channel.
    private func begin() {
        let channel = connection.channel
        // What encrypts is the channel's.
        guard !connection.isEncrypted else { return }
        let descriptor = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { fcntl($0, F_DUPFD_CLOEXEC, 0) }
        if let descriptor, descriptor >= 0 {
            state.withLock { $0.socket = OwnSocket(descriptor: descriptor) }
            channel.closeFuture.whenComplete { [weak self] _ in self?.state.withLock { $0.socket = nil } }
        }
        write(ByteBuffer(), sent: {})
    }

    /// On the event loop, for bytes that are counted already.
    private func write(_ bytes: ByteBuffer, sent: @escaping @Sendable () -> Void) {
        connection.channel.writeAndFlush(bytes).whenSuccess { [self] in
            state.withLock { $0.heldCount -= 1 }
            sent()
        }
    }
}

/// A socket's descriptor that nobody else closes.
private struct OwnSocket: ~Copyable {
    let descriptor: Int32

    deinit { close(descriptor) }

    /// - Returns: how many bytes the kernel took; none as well if the socket has failed.
    func send(_ bytes: ByteBuffer) -> Int {
        max(
            0,
            bytes.withUnsafeReadableBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(clamping: MSG_DONTWAIT | MSG_NOSIGNAL))
            })
    }
}
