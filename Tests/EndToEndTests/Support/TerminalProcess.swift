// SPDX-License-Identifier: MIT
import Foundation
import Glibc
import Synchronization

/// A program on a terminal of its own, as a user has it.
final class TerminalProcess: Sendable {
    private let pid: pid_t
    private let terminal: Int32
    private let received = Mutex<[UInt8]>([])
    private let ending = Mutex<ChildProcess.Ending?>(nil)

    init(
        _ name: String, _ arguments: [String], environment: [String: String] = [:], columns: UInt16 = 96,
        rows: UInt16 = 24
    ) throws {
        terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        // Linux's names for these are macros that Swift does not see: TIOCSPTLCK and TIOCGPTN.
        var locked: Int32 = 0
        var number: UInt32 = 0
        guard terminal >= 0, ioctl(terminal, 0x4004_5431, &locked) == 0,
            ioctl(terminal, 0x8004_5430, &number) == 0
        else { throw TestError("no pseudo-terminal: errno \(errno)") }
        let path = "/dev/pts/\(number)"
        Self.resize(terminal, columns, rows)

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&actions, descriptor, path, O_RDWR, 0)
        }
        // The first terminal that the leader of a session opens is the one whose keys send it signals.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, 0x80)  // POSIX_SPAWN_SETSID

        let inherited = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("BITNET_") && $0.key != "NO_COLOR"
        }
        let variables = inherited.merging(["TERM": "xterm", "SWIFT_BACKTRACE": "enable=no"]) { $1 }
            .merging(environment) { $1 }
        let program = try Programs.path(of: name)
        var strings = ([program] + arguments).map { strdup($0) } + [nil]
        var settings = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for string in strings + settings { free(string) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, program, &actions, &attributes, &strings, &settings)
        guard code == 0 else { throw TestError("cannot start \(program): errno \(code)") }
        self.pid = pid
        Thread.detachNewThread { [weak self, terminal] in
            var chunk = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = read(terminal, &chunk, chunk.count)
                // EIO once nobody has the other side open; before the program has opened it, too.
                guard count > 0 else { return }
                self?.received.withLock { $0 += chunk.prefix(count) }
            }
        }
    }

    deinit {
        if poll() == nil {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        close(terminal)
    }

    /// All that was written so far.
    var output: String { String(decoding: received.withLock { $0 }, as: UTF8.self) }

    /// Whether keys come at once and unseen, as a screen wants them, or a line at a time.
    var isRaw: Bool {
        var settings = termios()
        tcgetattr(terminal, &settings)
        return settings.c_lflag & tcflag_t(ICANON | ECHO) == 0
    }

    func press(_ keys: String) {
        let bytes = Array(keys.utf8)
        _ = Glibc.write(terminal, bytes, bytes.count)
    }

    func resize(columns: UInt16, rows: UInt16) {
        Self.resize(terminal, columns, rows)
    }

    private static func resize(_ terminal: Int32, _ columns: UInt16, _ rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(terminal, UInt(TIOCSWINSZ), &size)
    }

    func signal(_ number: Int32) {
        if poll() == nil { kill(pid, number) }
    }

    @discardableResult
    func poll() -> ChildProcess.Ending? {
        ending.withLock { ending in
            var status: Int32 = 0
            guard ending == nil, waitpid(pid, &status, WNOHANG) == pid else { return ending }
            let signal = status & 0x7f
            ending = signal == 0 ? .exited(status >> 8 & 0xff) : .killed(signal: signal)
            return ending
        }
    }

    func until(_ what: String, within limit: Duration = .seconds(60), _ isMet: () -> Bool) async throws {
        let deadline = ContinuousClock.now + limit
        while !isMet() {
            guard .now < deadline else {
                throw TestError("no \(what) within \(limit); the terminal got\n\(output.debugDescription)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    func untilEnd() async throws -> ChildProcess.Ending {
        try await until("end") { poll() != nil }
        guard let ending = poll() else { throw TestError("it has not ended") }
        return ending
    }
}
