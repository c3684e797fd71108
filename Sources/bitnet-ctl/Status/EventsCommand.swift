// SPDX-License-Identifier: MIT
import AdminAPI
import ArgumentParser
import BitNetCore
import CommandLine
import NIOHTTP1
import OperatorLogic

/// What happens in a cluster, as it happens.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Follows what happens in a cluster: who joins, what is shipped, who is lost.",
        discussion: """
            Begins with what the coordinator remembers, goes on until Ctrl-C, and connects again when the coordinator \
            was away.

            EXAMPLES
              bitnet-ctl events
              bitnet-ctl events --new
              bitnet-ctl events --json | grep '"lost"'
            """)

    @OptionGroup(title: "Coordinator") var admin: AdminOptions

    @Flag(help: "Begin with the next event instead of those that are remembered.")
    var new = false

    @Flag(help: "Print each event's document as it came.")
    var json = false

    func run() async throws {
        try await Program.run {
            let console = Console()
            try await admin.use { remote in
                var last: UInt64? = new ? nil : 0
                var hasConnected = false
                while true {
                    do {
                        let query = last.map { "?after=\($0)" } ?? ""
                        try await remote.events(
                            .GET, AdminAPI.eventsPath + query, within: Limits.remoteTimeout
                        ) { event in
                            let bytes = Array(event.data.utf8)
                            let record = try remote.decode(EventRecord.self, bytes)
                            last = record.id
                            hasConnected = true
                            console.write(json ? event.data + "\n" : line(record) + "\n")
                            return true
                        }
                        hasConnected = true
                        console.note("the coordinator ended the stream; connecting again")
                        // A new coordinator counts from the beginning.
                        last = 0
                    } catch let error as RemoteError where error.isPassing && hasConnected {
                        console.progress("events", "warning: \(error.message)", isLast: false)
                    }
                    try await Task.sleep(for: .seconds(1))
                }
            }
        }
    }

    private func line(_ record: EventRecord) -> String {
        var line = StyledLine(OutputScreen.clock.text(record.time), .faint)
        let kind = PrintableText.line(record.kind, bytesMax: Limits.nameBytesMax)
        let style: StyledLine.Style =
            switch record.kind {
            case "lost", "request_failed": .bad
            case "ready", "serving": .good
            case "draining", "waiting": .warning
            default: .plain
            }
        line.append(" " + kind + String(repeating: " ", count: max(15 - kind.columns, 1)), style)
        let worker = record.worker.map { name in
            WorkerSubject.text(
                PrintableText.line(name, bytesMax: Limits.nameBytesMax), before: record.message)
        }
        line.append((worker ?? "") + PrintableText.line(record.message))
        return line.text(isColoured: OutputScreen.isColoured)
    }
}
