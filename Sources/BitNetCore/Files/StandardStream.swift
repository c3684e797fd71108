// SPDX-License-Identifier: MIT
import Glibc
import Synchronization

/// Standard output and standard error, which all threads share.
package enum StandardStream: Sendable {
    case output
    case error

    private static let outputTurn = Mutex(())
    private static let errorTurn = Mutex(())

    /// Writes all of `text` at once, without that of another thread in between; blocks while nobody reads.
    ///
    /// A stream that is closed takes nothing.
    package func write(_ text: String) {
        switch self {
        case .output: Self.outputTurn.withLock { _ in Self.write(text, to: STDOUT_FILENO) }
        case .error: Self.errorTurn.withLock { _ in Self.write(text, to: STDERR_FILENO) }
        }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var done = 0
            while done < bytes.count, let base = bytes.baseAddress {
                let count = Glibc.write(descriptor, base + done, bytes.count - done)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return }
                done += count
            }
        }
    }
}
