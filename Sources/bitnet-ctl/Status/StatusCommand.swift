// SPDX-License-Identifier: MIT
import AdminAPI
import ArgumentParser
import BitNetCore
import CommandLine
import NIOHTTP1
import OperatorLogic

/// How a cluster is, at a glance.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows a running cluster: its stages, how fast it writes, what is wrong and what to do.",
        discussion: """
            Exit status: 0 if the cluster serves, 1 if it is degraded, starting or draining, 2 if it is down or \
            nobody answers.

            EXAMPLES
              bitnet-ctl status
              bitnet-ctl status --coordinator http://10.0.0.1:8081 --admin-key-file admin.key
              bitnet-ctl status --watch 2
              bitnet-ctl status --json | jq .throughput

            BITNET_CTL_COORDINATOR and BITNET_CTL_ADMIN_KEY_FILE stand for the options of these names.
            """)

    @OptionGroup(title: "Coordinator") var admin: AdminOptions

    @Option(help: ArgumentHelp("Show it again every so many seconds, until Ctrl-C.", valueName: "seconds"))
    var watch: Double?

    @Flag(help: "Print the document as it came.")
    var json = false

    func validate() throws {
        guard watch.map({ $0.isFinite && (0.1...86_400).contains($0) }) ?? true else {
            throw ValidationError("--watch must be 0.1...86400 seconds")
        }
    }

    func run() async throws {
        try await Program.run {
            let console = Console()
            guard let watch else {
                let state = try await admin.use { try await show($0, console, clearing: false) }
                if let code = state.exitCode { throw code }
                return
            }
            try await admin.use { remote in
                while true {
                    do {
                        _ = try await show(remote, console, clearing: OutputScreen.isTerminal)
                    } catch let error as any RemediableError {
                        console.note("error: \(error.message)")
                    }
                    try await Task.sleep(for: .seconds(watch))
                }
            }
        }
    }

    private func show(
        _ remote: Remote, _ console: Console, clearing: Bool
    ) async throws -> ClusterStatus.State {
        let bytes = try await remote.bytes(.GET, AdminAPI.statusPath)
        let status = try remote.decode(ClusterStatus.self, bytes)
        if json {
            console.write(String(decoding: bytes, as: UTF8.self) + "\n")
        } else {
            let screen = StatusScreen(status, width: OutputScreen.size.columns, clock: OutputScreen.clock)
            let text = screen.lines.text(isColoured: OutputScreen.isColoured)
            // Home, the text, and nothing below it.
            console.write(clearing ? "\u{1B}[H\u{1B}[2J\(text)" : watch == nil ? text : text + "\n")
        }
        return status.state
    }
}

extension ClusterStatus.State {
    /// `nil` if all is well.
    var exitCode: ExitCode? {
        switch self {
        case .serving: nil
        case .starting, .degraded, .draining, .recovering: ExitCode(1)
        case .down: Program.failed
        }
    }
}
