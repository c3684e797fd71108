// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import ClusterCoordinator
import CommandLine
import Synchronization

/// Whether the parts of a store are what their names say.
struct CacheVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Hashes every part of a store; ends with status 1 if one is damaged.",
        discussion: """
            A damaged part does no harm: it is found out before it is used, and fetched or made again.

            EXAMPLES
              bitnet-ctl cache verify --data-dir /var/lib/bitnet
              bitnet-ctl cache verify --remove
            """)

    @OptionGroup(title: "Store") var choice: StoreChoice

    @Flag(help: "Remove the parts that are damaged; nobody else may use the store meanwhile.")
    var remove = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Program.run {
            let console = Console()
            let store = remove ? try choice.store() : nil
            let contents = try choice.contents()
            let total = contents.entries.filter { !$0.file.isPartial }.reduce(0) { $0 + $1.file.byteCount }
            let start = ContinuousClock.now
            let done = Mutex<UInt64>(0)
            let damaged = contents.damaged { byteCount in
                let now = done.withLock { done in
                    done += byteCount
                    return done
                }
                console.progress(
                    "verify", "verify \(ByteCount.text(now)) of \(ByteCount.text(total))", isLast: false)
            }
            let removed = store?.remove(damaged) ?? []
            let seconds = start.duration(to: .now).seconds
            console.write(
                json
                    ? Self.json(contents, damaged, removed, total, seconds).encoded + "\n"
                    : Self.text(contents, damaged, removed, total, seconds))
            guard damaged.isEmpty else { throw ExitCode(1) }
        }
    }

    private static func json(
        _ contents: StoreContents, _ damaged: [StoredFile], _ removed: [StoredFile], _ total: UInt64,
        _ seconds: Double
    ) -> JSONValue {
        .object([
            ("directory", .text(contents.directory)), ("bytes", .integer(Int(clamping: total))),
            ("seconds", .number(seconds)),
            ("damaged", .list(damaged.map { .text($0.digest.hex) })),
            ("removed", .list(removed.map { .text($0.digest.hex) })),
        ])
    }

    private static func text(
        _ contents: StoreContents, _ damaged: [StoredFile], _ removed: [StoredFile], _ total: UInt64,
        _ seconds: Double
    ) -> String {
        let gone = Set(removed.map(\.digest))
        let lines = damaged.map { file in
            "damaged: \(file.path)" + (gone.contains(file.digest) ? ", removed" : "") + "\n"
        }
        let count = contents.entries.count(where: { !$0.file.isPartial })
        return lines.joined()
            + "\(count) parts, \(total) bytes hashed in \(seconds.text(places: 1)) s, \(damaged.count) damaged\n"
    }
}
