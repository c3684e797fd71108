// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import ClusterConfig
import CommandLine

/// Makes a store smaller.
struct CacheCollectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Removes partial files, and with --quota the parts that were not used for longest.",
        discussion: """
            EXAMPLES
              bitnet-ctl cache gc --data-dir /var/lib/bitnet --quota 20GiB --dry-run
              bitnet-ctl cache gc --quota 20GiB
            """)

    @OptionGroup(title: "Store") var choice: StoreChoice

    @Option(help: ArgumentHelp("What the parts may take afterwards.", valueName: "size"))
    var quota: String?

    @Flag(help: "Only say what would be removed.")
    var dryRun = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        do throws(ConfigError) { _ = try quota.map(ByteSize.parse) } catch {
            throw ValidationError("--quota: \(error.message)")
        }
    }

    func run() async throws {
        try await Program.run {
            let store = try choice.store()
            let uses = Dictionary(
                try choice.contents().entries.map { ($0.file.path, $0.uses) }, uniquingKeysWith: { $1 })
            let garbage = store.garbage(over: try quota.map(ByteSize.parse))
            let removed = dryRun ? garbage : store.remove(garbage)
            let left = try choice.contents().byteCount
            let byteCount = removed.reduce(0) { $0 + $1.byteCount }
            let verb = dryRun ? "would remove" : "removed"
            if json {
                let object = JSONValue.object([
                    ("directory", .text(store.directory)), ("dry_run", .flag(dryRun)),
                    ("bytes", .integer(Int(clamping: byteCount))),
                    ("bytes_left", .integer(Int(clamping: dryRun ? left - byteCount : left))),
                    ("removed", .list(removed.map { .object($0.members(uses[$0.path] ?? [])) })),
                ])
                return Console().write(object.encoded + "\n")
            }
            let lines = removed.map { file in
                let names = (uses[file.path] ?? []).map { "\(PrintableText.line($0.model)): \($0.kind)" }
                return "\(verb) \(file.digest.short)  \(file.state)  \(file.byteCount) bytes"
                    + (names.isEmpty ? "" : "  " + names.joined(separator: ", ")) + "\n"
            }
            Console().write(
                lines.joined()
                    + "\(verb) \(removed.count) files, \(byteCount) bytes; \(dryRun ? left - byteCount : left) "
                    + "bytes left in \(store.directory)\n")
        }
    }
}
