// SPDX-License-Identifier: MIT
import Foundation
import Glibc
import Synchronization

/// A program that a test has started; killed with the object at the latest.
///
/// Its output goes to files, so that neither side ever waits for the other, and a failed test can show all of it.
final class ChildProcess: Sendable {
    enum Ending: Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    let name: String
    let start: ContinuousClock.Instant
    private let pid: pid_t
    private let files: TemporaryDirectory
    private let ending = Mutex<Ending?>(nil)

    /// Starts a program without this process's `BITNET_…` variables.
    ///
    /// Without `input` its standard input stays open and silent. An `environment` variable without value is not set.
    ///
    /// - Parameters:
    ///   - outputPath: where standard output goes, if not to a file of this object.
    ///   - diagnosticsPath: the same for standard error; closed if it is empty.
    init(
        _ name: String, _ arguments: [String], environment: [String: String?] = [:], input: String? = "",
        outputPath: String? = nil, diagnosticsPath: String? = nil
    ) throws {
        self.name = name
        files = try TemporaryDirectory()
        let program = try Programs.path(of: name)
        let inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("BITNET_") }
        // A program that crashes shall end at once: its backtracer would outlive the test.
        // Nothing is left behind in the user's own store, and no test finds there what another one left.
        let cache = files.path(of: "cache")
        // Where layers go by the clock, no two runs need have the same plan.
        let defaults = [
            "SWIFT_BACKTRACE": "enable=no", "XDG_CACHE_HOME": cache, "BITNET_COORD_PLACEMENT": "bytes",
        ]
        let variables = inherited.merging(defaults) { $1 }.mapValues(Optional.some).merging(environment) {
            $1
        }
        .compactMap { name, value in value.map { "\(name)=\($0)" } }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let create = O_WRONLY | O_CREAT | O_APPEND
        let source = files.path(of: "in")
        if let input {
            _ = try files.write(input, to: "in")
        } else {
            mkfifo(source, 0o600)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, source, input == nil ? O_RDWR : O_RDONLY, 0)
        posix_spawn_file_actions_addopen(
            &actions, STDOUT_FILENO, outputPath ?? files.path(of: "out"), create, 0o600)
        if diagnosticsPath?.isEmpty == true {
            posix_spawn_file_actions_addclose(&actions, STDERR_FILENO)
        } else {
            posix_spawn_file_actions_addopen(
                &actions, STDERR_FILENO, diagnosticsPath ?? files.path(of: "err"), create, 0o600)
        }

        var strings = ([program] + arguments).map { strdup($0) } + [nil]
        var settings = variables.map { strdup($0) } + [nil]
        defer { for string in strings + settings { free(string) } }
        var pid: pid_t = 0
        start = .now
        let code = posix_spawn(&pid, program, &actions, nil, &strings, &settings)
        guard code == 0 else {
            throw TestError("cannot start \(program): \(String(cString: strerror(code)))")
        }
        self.pid = pid
    }

    deinit {
        // A stopped process dies of SIGKILL too.
        guard poll() == nil else { return }
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// Standard output so far.
    var output: String { contents("out") }
    /// Standard error so far.
    var diagnostics: String { contents("err") }

    /// Sends a signal, unless the process has ended: its number may be another's by then.
    func signal(_ number: Int32) {
        if poll() == nil { kill(pid, number) }
    }

    /// How the process ended, if it has.
    @discardableResult
    func poll() -> Ending? {
        ending.withLock { ending in
            var status: Int32 = 0
            guard ending == nil, waitpid(pid, &status, WNOHANG) == pid else { return ending }
            let signal = status & 0x7f
            ending = signal == 0 ? .exited(status >> 8 & 0xff) : .killed(signal: signal)
            return ending
        }
    }

    /// Waits for the end.
    func untilEnd(within limit: Duration = .seconds(90)) async throws -> Ending {
        try await until("its end", within: limit, orEnd: true) { false }
        guard let ending = poll() else { throw TestError("\(name) has not ended") }
        return ending
    }

    /// Waits until a condition holds; fails after `limit`, or if the process ends before and that will not do.
    func until(
        _ what: String, within limit: Duration = .seconds(60), orEnd: Bool = false, _ isMet: () -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while !isMet() {
            if let ending = poll() {
                if orEnd || isMet() { return }
                throw TestError("\(name) ended (\(ending)) before \(what)\n\(transcript)")
            }
            guard .now < deadline else {
                throw TestError("\(name): no \(what) within \(limit)\n\(transcript)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// The most memory that it has held, bytes; 0 once it has ended.
    var peakResidentBytes: Int {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }

    /// What stands behind each descriptor, but the standard ones, that programs which the process starts would get.
    var inheritableDescriptors: [String] {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fdinfo")) ?? []
        return numbers.filter { number in
            let text = (try? String(contentsOfFile: "/proc/\(pid)/fdinfo/\(number)", encoding: .utf8)) ?? ""
            let line = text.split(separator: "\n").first { $0.hasPrefix("flags:") }
            let flags = line?.split(whereSeparator: \.isWhitespace).last.flatMap { Int32($0, radix: 8) }
            return (Int(number) ?? 0) > 2 && flags.map { $0 & O_CLOEXEC == 0 } == true
        }.map { (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\($0)")) ?? $0 }
    }

    private var transcript: String { "--- stdout\n\(output)\n--- stderr\n\(diagnostics)" }

    private func contents(_ file: String) -> String {
        String(decoding: FileManager.default.contents(atPath: files.path(of: file)) ?? Data(), as: UTF8.self)
    }
}
