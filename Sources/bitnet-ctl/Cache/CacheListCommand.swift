// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import CommandLine
import Glibc

/// What is in a store.
struct CacheListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "Lists the parts of a store, those used last first; a store in use can be listed too.",
        discussion: """
            EXAMPLES
              bitnet-ctl cache ls
              bitnet-ctl cache ls --data-dir /var/lib/bitnet --json
            """)

    @OptionGroup(title: "Store") var choice: StoreChoice

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Program.run {
            let contents = try choice.contents()
            Console().write(json ? Self.json(contents).encoded + "\n" : Self.text(contents))
        }
    }

    private static func json(_ contents: StoreContents) -> JSONValue {
        .object([
            ("directory", .text(contents.directory)),
            ("bytes", .integer(Int(clamping: contents.byteCount))),
            ("free_bytes", .integer(Int(clamping: FileSystem.freeByteCount(at: contents.directory)))),
            ("parts", .list(contents.entries.map { .object($0.file.members($0.uses)) })),
        ])
    }

    private static func text(_ contents: StoreContents) -> String {
        let now = Int64(clamping: time(nil))
        let rows = contents.entries.map { entry in
            let uses = entry.uses.map { "\(PrintableText.line($0.model)): \($0.kind)" }
            return [
                entry.file.digest.short, entry.file.state, "\(entry.file.byteCount)",
                age(now - entry.file.lastUsedNanoseconds / 1_000_000_000),
                uses.isEmpty ? "unknown" : uses.joined(separator: ", "),
            ]
        }
        let partial = contents.entries.count(where: \.file.isPartial)
        let free = FileSystem.freeByteCount(at: contents.directory)
        var table = Table(["part", "state", "bytes", "used", "what"], others: .right)
        for row in rows { table.add(row) }
        return table.text
            + "\(contents.entries.count - partial) parts, \(partial) partial, \(contents.byteCount) bytes "
            + "(\(ByteCount.text(contents.byteCount))) in \(contents.directory), \(ByteCount.text(free)) free\n"
    }

    private static func age(_ seconds: Int64) -> String {
        switch seconds {
        case ..<120: "\(max(seconds, 0)) s ago"
        case ..<7200: "\(seconds / 60) min ago"
        case ..<172_800: "\(seconds / 3600) h ago"
        default: "\(seconds / 86_400) d ago"
        }
    }
}
