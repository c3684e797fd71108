// SPDX-License-Identifier: MIT
package import ArgumentParser
import BitNetCore
package import BitNetFormats
import ClusterConfig

/// Where converted weights are kept for the next start.
package struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keep converted weights here; ~/.cache/bitnet-coord by default.", valueName: "directory"))
    package var storeDir: String?

    @Option(help: ArgumentHelp("What they may take; the longest unused go first.", valueName: "size"))
    package var storeQuota = "64GiB"

    @Flag(help: "Keep nothing: convert the model at every start.")
    package var noStore = false

    package init() {}

    package func validate() throws {
        do throws(ConfigError) { _ = try ByteSize.parse(storeQuota) } catch {
            throw ValidationError("--store-quota: \(error.message)")
        }
    }

    /// Where converted weights and measurements are kept; `nil` if nowhere.
    package var directory: String? { noStore ? nil : storeDir ?? CacheDirectory.standard }

    /// The store, if `model` can be kept in it; says why not otherwise.
    package func store(for model: ModelFile, _ console: Console) throws -> ModelStore? {
        guard !noStore else { return nil }
        guard let directory else {
            console.warn(
                "converted weights and measurements are not kept: neither HOME nor XDG_CACHE_HOME names a "
                    + "directory; give --store-dir DIR, or --no-store if that is meant")
            return nil
        }
        let quota = try ByteSize.parse(storeQuota)
        let store: ModelStore
        do throws(FileError) {
            store = try ModelStore(directory: directory, quota: quota)
        } catch {
            console.warn("converted weights are not kept: \(error.message)")
            return nil
        }
        if let obstacle = store.obstacle(to: model) {
            console.warn("converted weights are not kept in \(directory): \(obstacle)")
            return nil
        }
        return store
    }
}
