// SPDX-License-Identifier: MIT
package import ArgumentParser
import BitNetCore
import CPlatform
import Dispatch
import Glibc
import Synchronization

/// What the programs share: errors become one line and an exit status, signals become an orderly end.
package enum Program {
    /// Something did not work: the cluster is down, a file is broken, an address is taken.
    package static let failed = ExitCode(2)

    /// Somebody asked the program to stop before it was done; what a shell reports for SIGINT.
    package static let interrupted = ExitCode(130)

    /// From here on memory is given back when it is freed: more than a piece of weights, whose buffers are used again at
    /// once, and less than what single requests may make a server hold.
    private static let largeBlockBytes = 4 << 20

    /// Nobody reads the output any more; what a shell reports for SIGPIPE.
    private static let unread = ExitCode(128 + SIGPIPE)

    /// What there is to say of the environment, until somebody says it.
    private static let remarks = Mutex<(warnings: [String], ignored: [String])>(([], []))

    /// A program whose options can all be given as environment variables: parses both, and runs the command.
    package static func main(_ command: (some AsyncParsableCommand).Type, prefix: String) async {
        prepare()
        let names = OptionNames(of: command)
        let twins = EnvironmentTwins(
            EnvironmentTwins.ofProcess, prefix: prefix, options: names.options, flags: names.flags)
        if let error = twins.error { command.exit(withError: ValidationError(error)) }
        remarks.withLock { $0 = (twins.warnings, twins.ignored) }
        let arguments = twins.arguments + CommandLine.arguments.dropFirst()
        if !twins.names.isEmpty, isUsageError(command, arguments) {
            Console().note("options from the environment: \(twins.names.joined(separator: ", "))")
            StandardStream.error.flush(within: Limits.logFlushTime)
        }
        await command.main(arguments)
    }

    private static func isUsageError(_ command: any ParsableCommand.Type, _ arguments: [String]) -> Bool {
        do {
            _ = try command.parseAsRoot(arguments)
            return false
        } catch {
            return command.exitCode(for: error) == .validationFailure
        }
    }

    /// What there is to say of the environment; once.
    ///
    /// - Returns: variables that mean nothing and should be looked at, and those that are somebody else's.
    package static func takeRemarks() -> (warnings: [String], ignored: [String]) {
        remarks.withLock { remarks in
            defer { remarks = ([], []) }
            return remarks
        }
    }

    /// Makes the process ready; the first thing that a program does.
    package static func prepare() {
        // A peer that closes while we write is an error of that write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        // A file that got the number of a closed standard stream would be written to by whoever means that.
        for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) < 0 {
            _ = open("/dev/null", O_RDWR)
        }
        DescriptorLimit.raise()
        bn_memory_give_back(largeBlockBytes)
        bn_faults_let_go_of_sockets()
    }

    /// Keeps what is open from programs that this one starts, were it by the runtime at its end; for what libraries have
    /// opened, once they have.
    package static func closeDescriptorsOnExec() {
        bn_descriptors_close_on_exec()
    }

    /// Runs a command's body; an error that a person can act on is printed as it is.
    package static func run(_ body: () async throws -> Void) async throws {
        defer { StandardStream.error.flush(within: Limits.logFlushTime) }
        do {
            try await body()
        } catch let error as any RemediableError {
            Console().note("error: \(error.message)")
            throw failed
        } catch is CancellationError {
            Console().note("stopped before the end")
            throw interrupted
        } catch let error where !(error is ExitCode || error is ValidationError || error is CleanExit) {
            // What the parser of arguments does not know it prints by the name of its type.
            Console().note("error: \(error.words)")
            throw failed
        }
    }

    /// Ends the process, whose results are not taken any more: without a word if their reader went away, as `head`
    /// does when it has what it wants.
    static func endWithoutOutput(_ failure: Int32) -> Never {
        if failure != EPIPE {
            let error = FileError(path: "standard output", operation: "write to", errno: failure)
            Console().note("error: \(error.message)")
        }
        StandardStream.error.flush(within: Limits.logFlushTime)
        // At once, as the signal would: who computes on other threads is not waited for.
        _exit((failure == EPIPE ? unread : failed).rawValue)
    }

    /// Returns when the process is asked to end (SIGINT, SIGTERM).
    ///
    /// A second signal ends it at once.
    package static func untilTerminated() async {
        let arrived = AsyncStream<Void>.makeStream()
        let endings = [SIGINT, SIGTERM]
        let sources = endings.map { number in
            source(of: number) {
                for number in endings { signal(number, SIG_DFL) }
                arrived.continuation.yield()
            }
        }
        for await _ in arrived.stream { break }
        for source in sources { source.cancel() }
    }

    private static let hangupSource = Mutex<(any DispatchSourceSignal)?>(nil)

    /// From now on SIGHUP calls `body` instead of ending the process: whoever serves may have lost a terminal that it
    /// does not need, or be told to read its settings again.
    package static func outliveHangups(_ body: @escaping @Sendable () -> Void) {
        hangupSource.withLock { $0 = source(of: SIGHUP, body) }
    }

    private static func source(
        of number: Int32, _ body: @escaping @Sendable () -> Void
    ) -> sending any DispatchSourceSignal {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number)
        source.setEventHandler(handler: body)
        source.resume()
        return source
    }

    /// Ends the process by itself soon, whatever it still waits for: a name service, a disk or a worker that is stuck.
    ///
    /// For when everything has been told to end.
    package static func endSoon() {
        // Neither a thread nor memory may be had for it then.
        signal(SIGALRM) { _ in
            let text: StaticString = "error: something did not end when it was told to; ended without it\n"
            // Nor may a log that nobody reads hold the end up.
            var room = pollfd(fd: STDERR_FILENO, events: Int16(truncatingIfNeeded: POLLOUT), revents: 0)
            if poll(&room, 1, 0) == 1 { write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount) }
            _exit(2)
        }
        var timer = itimerval()
        timer.it_value.tv_sec = time_t(clamping: Limits.endingTime.components.seconds)
        timer.it_value.tv_usec = suseconds_t(
            clamping: Limits.endingTime.components.attoseconds / 1_000_000_000_000)
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
    }
}
