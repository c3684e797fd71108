// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import CommandLine
import Glibc
import ModelHub

/// What is in a store.
struct CacheListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "Lists the parts of a store, those used last first, and models that came from a hub.",
        discussion: """
            A store in use can be listed too.

            EXAMPLES
              bitnet-ctl cache ls
              bitnet-ctl cache ls --data-dir /var/lib/bitnet --json
            """)

    @OptionGroup(title: "Store") var choice: StoreChoice

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Program.run {
            let models = choice.models
            let contents: StoreContents?
            do throws(FileError) { contents = try choice.contents() } catch {
                // Who has only fetched a model has no parts yet.
                guard !models.isEmpty else { throw error }
                contents = nil
            }
            Console().write(
                json
                    ? Self.json(contents, models, choice.directory).encoded + "\n"
                    : (contents.map(Self.text) ?? "") + Self.text(models))
        }
    }

    private static func json(
        _ contents: StoreContents?, _ models: [HubFolder.Content], _ directory: String
    ) -> JSONValue {
        .object([
            ("directory", .text(directory)),
            ("bytes", .integer(Int(clamping: contents?.byteCount ?? 0))),
            ("free_bytes", .integer(Int(clamping: FileSystem.freeByteCount(at: directory)))),
            ("parts", .list((contents?.entries ?? []).map { .object($0.file.members($0.uses)) })),
            ("models", .list(models.map(json))),
        ])
    }

    private static func json(_ model: HubFolder.Content) -> JSONValue {
        .object([
            ("model", .text("\(model.reference)")), ("bytes", .integer(Int(clamping: model.byteCount))),
            (
                "files",
                .list(
                    model.files.map {
                        .object([
                            ("path", .text($0.path)), ("bytes", .integer(Int(clamping: $0.byteCount))),
                            ("complete", .flag($0.isComplete)),
                        ])
                    })
            ),
        ])
    }

    /// Models that came from a hub, a line for each file.
    private static func text(_ models: [HubFolder.Content]) -> String {
        guard !models.isEmpty else { return "" }
        var table = Table(["model", "state", "bytes", "file"], others: .right)
        for model in models {
            for file in model.files {
                table.add([
                    "\(model.reference)", file.isComplete ? "complete" : "partial", "\(file.byteCount)",
                    PrintableText.line(file.path),
                ])
            }
        }
        return table.text
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
