// SPDX-License-Identifier: MIT
import CommandLine
import Dispatch
import Glibc
import Synchronization

/// The terminal as a screen of one's own: keys come at once, and what was there before comes back at the end.
final class Terminal: Sendable {
    enum Event: Sendable {
        case keys([UInt8])
        /// The size has changed, or the program was in the background: draw again.
        case resized
        /// A signal asks for the end.
        case ended(Int32)
    }

    let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation
    private let console: Console
    private let queue = DispatchQueue(label: "terminal")
    /// Settings to come back to; `nil` while the screen is not ours or keys do not come from a terminal.
    private let settings = Mutex<termios?>(nil)

    init(_ console: Console) {
        self.console = console
        // What comes faster than it is drawn is of no use any more.
        (events, continuation) = AsyncStream<Event>.makeStream(bufferingPolicy: .bufferingNewest(64))
    }

    /// Gives `body` the screen, and takes it back however `body` ends: by return, error, or a signal in `events`.
    func use(_ body: (Terminal) async throws -> Void) async throws {
        let sources = watchSignals() + watchKeys()
        enter()
        defer {
            for source in sources { source.cancel() }
            leave()
            for number in Self.endings + [SIGTSTP] { signal(number, SIG_DFL) }
        }
        try await body(self)
    }

    /// Replaces the whole screen.
    func draw(_ lines: [String]) {
        // Each line clears what is left of the old one, the last all below it.
        console.write("\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\n") + "\u{1B}[J")
    }

    private func enter() {
        var current = termios()
        if tcgetattr(STDIN_FILENO, &current) == 0 {
            settings.withLock { $0 = current }
            // Signals and line ends stay as they are.
            current.c_lflag &= ~tcflag_t(ICANON | ECHO)
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &current)
        }
        // The alternate screen, without a cursor.
        console.write("\u{1B}[?1049h\u{1B}[?25l")
    }

    private func leave() {
        console.write("\u{1B}[?25h\u{1B}[?1049l")
        if var before = settings.withLock({ $0.take() }) { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) }
    }

    private static let endings = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    private func watchSignals() -> [any DispatchSourceProtocol] {
        let endings = Self.endings.map { number in
            watch(number) { [continuation] in continuation.yield(.ended(number)) }
        }
        let size = watch(SIGWINCH) { [continuation] in continuation.yield(.resized) }
        let stop = watch(SIGTSTP) { [self] in
            leave()
            // Here the process stands until its user has it go on.
            kill(getpid(), SIGSTOP)
            enter()
            continuation.yield(.resized)
        }
        return endings + [size, stop]
    }

    private func watch(
        _ number: Int32, _ handler: @escaping @Sendable () -> Void
    ) -> any DispatchSourceProtocol {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
        source.setEventHandler(handler: handler)
        source.resume()
        return source
    }

    private func watchKeys() -> [any DispatchSourceProtocol] {
        guard isatty(STDIN_FILENO) == 1 else { return [] }
        let source = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: queue)
        source.setEventHandler { [continuation] in
            var bytes = [UInt8](repeating: 0, count: 256)
            let count = read(STDIN_FILENO, &bytes, bytes.count)
            // The terminal is gone.
            guard count > 0 else {
                continuation.yield(.ended(SIGHUP))
                return source.cancel()
            }
            continuation.yield(.keys(Array(bytes.prefix(count))))
        }
        source.resume()
        return [source]
    }
}
