// SPDX-License-Identifier: MIT
package import BitNetCore
import Glibc
import Synchronization

/// Standard output and standard error of a command: results on one, everything about them on the other.
package final class Console: Sendable {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let lastProgress = Mutex<[String: ContinuousClock.Instant]>([:])
    private let take: @Sendable (String) -> Void
    private let takeWarning: @Sendable (String) -> Void

    /// A person's: all lines go to standard error.
    package convenience init() {
        self.init(
            take: { StandardStream.error.write($0 + "\n") },
            takeWarning: { StandardStream.error.write("warning: \($0)\n") })
    }

    /// - Parameters:
    ///   - take: is given each line.
    ///   - takeWarning: is given those that somebody should act on.
    package init(
        take: @escaping @Sendable (String) -> Void, takeWarning: @escaping @Sendable (String) -> Void
    ) {
        self.take = take
        self.takeWarning = takeWarning
    }

    /// Writes to standard output at once; generated text goes through here.
    ///
    /// What was said about it before is seen before it, unless nobody reads that. A program whose output is not taken
    /// ends.
    package func write(_ text: String) {
        StandardStream.error.flush(within: .milliseconds(100))
        let failure = StandardStream.writeOutput(text)
        if failure != 0 { Program.endWithoutOutput(failure) }
    }

    /// A line about what goes on.
    package func note(_ line: String) {
        take(line)
    }

    /// A line about what does not keep the program from going on, but should not stay so.
    package func warn(_ line: String) {
        takeWarning(line)
    }

    /// What there is to say of the environment, in a program that keeps no log.
    package func noteEnvironment() {
        for warning in Program.takeRemarks().warnings { warn(warning) }
    }

    /// Lines about what goes on, or about work that does.
    package func show(_ notice: Notice) {
        for line in notice.lines {
            if let progress = notice.progress {
                self.progress(progress.subject, line, isLast: progress.isLast)
            } else {
                note(line)
            }
        }
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
}
