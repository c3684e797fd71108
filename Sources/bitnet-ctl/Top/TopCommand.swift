// SPDX-License-Identifier: MIT
import AdminAPI
import ArgumentParser
import BitNetCore
import CommandLine
import OperatorLogic
import Synchronization

/// A cluster, live.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watches a running cluster on a screen that refreshes itself.",
        discussion: """
            Keys: q ends, p pauses, + and - change the delay, arrows scroll through many stages, h explains. While the \
            coordinator is away the last picture stays. Without a terminal it prints one status after the other.

            EXAMPLES
              bitnet-ctl top
              bitnet-ctl top -d 5 --coordinator http://10.0.0.1:8081
              NO_COLOR=1 bitnet-ctl top

            BITNET_CTL_COORDINATOR and BITNET_CTL_ADMIN_KEY_FILE stand for the options of these names.
            """)

    @OptionGroup(title: "Coordinator") var admin: AdminOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("Time between two pictures.", valueName: "seconds"))
    var delay = 1.0

    func validate() throws {
        guard delay.isFinite, (0.1...3600).contains(delay) else {
            throw ValidationError("--delay must be 0.1...3600 seconds")
        }
    }

    func run() async throws {
        try await Program.run {
            let console = Console()
            try await admin.use { remote in
                if OutputScreen.isTerminal {
                    try await LiveScreen(remote: remote, console: console, delay: delay).run()
                } else {
                    try await printAgainAndAgain(remote, console)
                }
            }
        }
    }

    private func printAgainAndAgain(_ remote: Remote, _ console: Console) async throws {
        while true {
            do {
                let status = try await remote.get(AdminAPI.statusPath, as: ClusterStatus.self)
                let screen = StatusScreen(
                    status, width: OutputScreen.size.columns, clock: OutputScreen.clock)
                console.write(screen.lines.text(isColoured: false) + "\n")
            } catch let error as any RemediableError {
                console.note("error: \(error.message)")
            }
            try await Task.sleep(for: .seconds(delay))
        }
    }
}

/// The loop between coordinator, terminal and state.
private struct LiveScreen {
    private enum Event: Sendable {
        case terminal(Terminal.Event)
        case status(ClusterStatus)
        case problem(String)
    }

    let remote: Remote
    let console: Console
    let delay: Double

    func run() async throws {
        try await Terminal(console).use { terminal in
            let pause = Pause(seconds: delay)
            let (events, continuation) = AsyncStream<Event>.makeStream(
                bufferingPolicy: .bufferingNewest(64))
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { for await event in terminal.events { continuation.yield(.terminal(event)) } }
                group.addTask { try await poll(continuation, pause) }
                try await show(events, on: terminal, pause)
            }
        }
    }

    private func poll(_ events: AsyncStream<Event>.Continuation, _ pause: Pause) async throws {
        while true {
            do {
                let status = try await remote.get(AdminAPI.statusPath, as: ClusterStatus.self)
                events.yield(.status(status))
            } catch let error as any RemediableError {
                events.yield(.problem(error.message))
            }
            try await pause.wait()
        }
    }

    private func show(_ events: AsyncStream<Event>, on terminal: Terminal, _ pause: Pause) async throws {
        var state = TopState(delaySeconds: delay)
        draw(state, on: terminal)
        for await event in events {
            switch event {
            case .status(let status): state.receive(status)
            case .problem(let message): state.fail(message)
            case .terminal(.resized): break
            case .terminal(.ended(let number)): throw ExitCode(128 + number)
            case .terminal(.keys(let bytes)):
                for key in TopKey.keys(in: bytes) where !state.press(key) { return }
                pause.set(seconds: state.delaySeconds)
            }
            draw(state, on: terminal)
        }
        throw CancellationError()
    }

    private func draw(_ state: TopState, on terminal: Terminal) {
        let size = OutputScreen.size
        let lines = state.lines(width: size.columns, height: size.rows, clock: OutputScreen.clock)
        let isColoured = OutputScreen.isColoured
        terminal.draw(lines.map { $0.text(isColoured: isColoured) })
    }
}

/// The time between two pictures, which may change while it passes.
private final class Pause: Sendable {
    private let seconds: Mutex<Double>

    init(seconds: Double) {
        self.seconds = Mutex(seconds)
    }

    func set(seconds: Double) {
        self.seconds.withLock { $0 = seconds }
    }

    func wait() async throws {
        let start = ContinuousClock.now
        while true {
            let left = seconds.withLock { $0 } - start.duration(to: .now).seconds
            guard left > 0 else { return }
            try await Task.sleep(for: .seconds(min(left, 0.1)))
        }
    }
}
