// SPDX-License-Identifier: MIT
package import ArgumentParser
import BitNetCore
import Dispatch
import Glibc
import Synchronization

/// What the programs share: errors become one line and an exit status, signals become an orderly end.
package enum Program {
    /// Something did not work: the cluster is down, a file is broken, an address is taken.
    package static let failed = ExitCode(2)

    /// Somebody asked the program to stop before it was done; what a shell reports for SIGINT.
    package static let interrupted = ExitCode(130)

    /// Runs a command's body; an error that a person can act on is printed as it is.
    package static func run(_ body: () async throws -> Void) async throws {
        // A peer that closes while we write is an error of that write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        do {
            try await body()
        } catch let error as any RemediableError {
            Console().note("error: \(error.message)")
            throw failed
        } catch is CancellationError {
            Console().note("stopped before the end")
            throw interrupted
        }
    }

    /// Returns when the process is asked to end (SIGINT, SIGTERM).
    ///
    /// A second signal ends it at once.
    package static func untilTerminated() async {
        let arrived = AsyncStream<Void>.makeStream()
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler {
                signal(number, SIG_DFL)
                arrived.continuation.yield()
            }
            source.resume()
            return source
        }
        for await _ in arrived.stream { break }
        for source in sources { source.cancel() }
    }

    /// Ends the process by itself soon, whatever it still waits for: a name service, a disk or a worker that is stuck.
    ///
    /// For when everything has been told to end.
    package static func endSoon() {
        // Neither a thread nor memory may be had for it then.
        signal(SIGALRM) { _ in
            let text: StaticString = "error: something did not end when it was told to; ended without it\n"
            write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
            _exit(2)
        }
        var timer = itimerval()
        timer.it_value.tv_sec = time_t(Limits.endingTime.components.seconds)
        timer.it_value.tv_usec = suseconds_t(Limits.endingTime.components.attoseconds / 1_000_000_000_000)
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
    }
}
