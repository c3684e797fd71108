// SPDX-License-Identifier: MIT
import Glibc
import Synchronization

/// Standard output and standard error of a command: results on one, everything about them on the other.
package final class Console: Sendable {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let lastProgress = Mutex<[String: ContinuousClock.Instant]>([:])

    package init() {}

    /// Writes to standard output at once; generated text goes through here.
    package func write(_ text: String) {
        Self.write(text, to: STDOUT_FILENO)
    }

    /// A line on standard error.
    package func note(_ line: String) {
        Self.write(line + "\n", to: STDERR_FILENO)
    }

    /// A line about work that goes on.
    ///
    /// Seen often on a terminal, seldom in a log, always when it is the last.
    package func progress(_ subject: String, _ line: String, isLast: Bool) {
        let interval: Duration = isTerminal ? .milliseconds(200) : .seconds(2)
        let isDue = lastProgress.withLock { last in
            let now = ContinuousClock.now
            if !isLast, let previous = last[subject], previous.duration(to: now) < interval { return false }
            last[subject] = now
            return true
        }
        if isDue { note(line) }
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
