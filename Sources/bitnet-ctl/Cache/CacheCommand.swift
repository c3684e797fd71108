// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import CommandLine
import ModelHub

/// The weights that a worker or a coordinator keeps on disk.
struct CacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Lists, checks and tidies up the weights that a worker or a coordinator keeps on disk.",
        subcommands: [
            CacheListCommand.self, CacheVerifyCommand.self, CacheCollectCommand.self, CacheRemoveCommand.self,
        ])
}

/// Whose store it is.
struct StoreChoice: ParsableArguments {
    @Option(help: ArgumentHelp("The --data-dir of a worker.", valueName: "dir"))
    var dataDir: String?

    @Option(
        help: ArgumentHelp(
            "The --store-dir of a coordinator; by default where it keeps converted weights.",
            valueName: "dir"))
    var storeDir: String?

    func validate() throws {
        guard dataDir == nil || storeDir == nil else {
            throw ValidationError("give either --data-dir or --store-dir")
        }
        guard dataDir ?? storeDir ?? CacheDirectory.standard != nil else {
            throw ValidationError("there is no home directory; give --data-dir or --store-dir")
        }
    }

    var directory: String { dataDir ?? storeDir ?? CacheDirectory.standard ?? "" }

    /// Models that came from a hub; a worker has none.
    var models: [HubFolder.Content] { dataDir == nil ? HubFolder(store: directory).contents : [] }

    /// What is there.
    func contents() throws(FileError) -> StoreContents { try StoreContents(directory: directory) }

    /// The store itself, which nobody else uses from now on.
    func store() throws -> PartStore {
        _ = try contents()
        do throws(FileError) {
            return try PartStore(directory: directory)
        } catch {
            guard error.isBusy else { throw error }
            throw CacheError(
                message:
                    "the store in \(directory) is in use by a bitnet-worker that runs, or by a bitnet-coord that "
                    + "converts; nothing was removed. Stop it first: a worker keeps to its --store-quota by itself"
            )
        }
    }
}

/// A store that cannot be tidied up.
struct CacheError: RemediableError {
    let message: String
}

extension StoredFile {
    /// For programs.
    func members(_ uses: [(model: String, kind: PartReference.Kind)]) -> [(key: String, value: JSONValue)] {
        [
            ("sha256", .text(digest.hex)), ("state", .text(state)),
            ("bytes", .integer(Int(clamping: byteCount))),
            ("last_used_seconds", .integer(Int(clamping: lastUsedNanoseconds / 1_000_000_000))),
            (
                "uses",
                .list(uses.map { .object([("model", .text($0.model)), ("part", .text("\($0.kind)"))]) })
            ),
        ]
    }

    var state: String { isPartial ? "partial" : "complete" }
}
