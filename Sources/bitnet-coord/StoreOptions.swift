// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import ClusterConfig
import ClusterLogic
import ProgramSupport

/// Where converted weights are kept for the next start.
struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keep converted weights here; ~/.cache/bitnet-coord by default.", valueName: "directory"))
    var storeDir: String?

    @Option(help: ArgumentHelp("What they may take; the longest unused go first.", valueName: "size"))
    var storeQuota = "64GiB"

    @Flag(help: "Keep nothing: convert the model at every start.")
    var noStore = false

    func validate() throws {
        do throws(ConfigError) { _ = try ByteSize.parse(storeQuota) } catch {
            throw ValidationError("--store-quota: \(error.message)")
        }
    }

    /// The store, if `model` can be kept in it; says why not otherwise.
    func store(for model: ModelFile, _ console: Console) throws -> ModelStore? {
        guard !noStore else { return nil }
        guard let directory = storeDir ?? StoreDirectory.standard else { return nil }
        let quota = try ByteSize.parse(storeQuota)
        let store: ModelStore
        do throws(FileError) {
            store = try ModelStore(directory: directory, quota: quota)
        } catch {
            console.note("warning: converted weights are not kept: \(error.message)")
            return nil
        }
        if let obstacle = store.obstacle(to: model) {
            console.note("converted weights are not kept: \(obstacle)")
            return nil
        }
        return store
    }
}
