// SPDX-License-Identifier: MIT
import Glibc
import Synchronization

/// Standard output, where results go, and standard error, where everything about them goes.
package enum StandardStream {
    private static let outputTurn = Mutex(())

    /// Standard error, whose reader nobody waits for who writes to it.
    package static let error = LineQueue(label: "standard error") { write($0, to: STDERR_FILENO) == 0 }

    /// Writes all of `text` to standard output, without that of another thread in between; blocks while nobody reads.
    ///
    /// - Returns: 0 if all of it was taken, else the system's number for why not.
    package static func writeOutput(_ text: String) -> Int32 {
        outputTurn.withLock { _ in write(text, to: STDOUT_FILENO) }
    }

    /// - Returns: 0 if all of it was taken; a stream that is closed, or behind which the disk is full, takes nothing.
    private static func write(_ text: String, to descriptor: Int32) -> Int32 {
        var text = text
        return text.withUTF8 { bytes in
            var done = 0
            while done < bytes.count, let base = bytes.baseAddress {
                let count = Glibc.write(descriptor, base + done, bytes.count - done)
                if count < 0 && errno == EINTR { continue }
                if count < 0 && errno == EAGAIN {
                    // Whoever else has the stream may have made it so that it does not block.
                    var wanted = pollfd(
                        fd: descriptor, events: Int16(truncatingIfNeeded: POLLOUT), revents: 0)
                    poll(&wanted, 1, -1)
                    continue
                }
                guard count > 0 else { return count < 0 ? errno : EIO }
                done += count
            }
            return 0
        }
    }
}
