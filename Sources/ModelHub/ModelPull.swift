// SPDX-License-Identifier: MIT
package import BitNetCore
import Synchronization

/// Brings a model of a hub here, as far as it is not here yet.
package struct ModelPull: Sendable {
    /// A model that is here.
    package struct Result: Sendable {
        package let reference: HubReference
        /// What a program opens: a GGUF or a folder.
        package let path: String
        package let files: [(path: String, byteCount: UInt64, wasPresent: Bool)]
        package let fetchedByteCount: UInt64
    }

    package let folder: HubFolder
    package let choice: ModelChoice
    package let connections: Int
    package let blockByteCount: UInt64

    package init(
        folder: HubFolder, choice: ModelChoice, connections: Int = 4,
        blockByteCount: UInt64 = Limits.hubBlockBytes
    ) {
        self.folder = folder
        self.choice = choice
        self.connections = connections
        self.blockByteCount = blockByteCount
    }

    /// The model, if it is here already; nobody is asked.
    package func present(_ reference: HubReference) -> Result? {
        let files = folder.files(of: reference)
        guard !files.isEmpty, let model = try? choice.choose(reference, from: files) else { return nil }
        // Of a directory some of the files may be missing yet.
        guard model.container == .gguf || !folder.isUnfinished(reference) else { return nil }
        return result(reference, model, fetched: 0, present: Set(model.files.map(\.path)))
    }

    /// Asks what there is, and fetches what is not here.
    ///
    /// - Throws: ``HubError``, ``FileError``, ``JSONError``.
    package func run(
        _ reference: HubReference, by client: HubClient, show: @escaping @Sendable (Notice) -> Void
    ) async throws -> Result {
        let listing = try await client.listing(reference)
        let model = try choice.choose(reference, from: listing.files)
        let lock = try folder.claim(reference, model.files)
        defer { withExtendedLifetime(lock) {} }
        let missing = model.files.filter { file in
            let kept = kept(file, reference)
            return !(kept.isComplete && kept.record?.isOf(file) == true)
        }
        let present = Set(model.files.map(\.path)).subtracting(missing.map(\.path))
        try checkRoom(missing, reference)
        try folder.noteUnfinished(reference, !missing.isEmpty)
        let meter = PullMeter(reference, total: missing.reduce(0) { $0 + $1.byteCount }, show: show)
        for file in missing {
            let fetch = try FileFetch(
                file, of: reference, to: kept(file, reference), by: client, onArrival: { meter.add($0) })
            meter.skip(fetch.presentByteCount)
            try await fetch.run(connections: connections)
        }
        try folder.noteUnfinished(reference, false)
        meter.finish()
        return result(reference, model, fetched: meter.fetchedByteCount, present: present)
    }

    private func kept(_ file: HubFile, _ reference: HubReference) -> KeptFile {
        folder.kept(file.path, of: reference, blockByteCount: blockByteCount)
    }

    /// Blocks that are there already take their room no second time.
    private func checkRoom(_ missing: [HubFile], _ reference: HubReference) throws {
        let needed = missing.reduce(UInt64(0)) { sum, file in
            let record = kept(file, reference).record
            let blocks =
                record.map { $0.isOf(file) && !$0.isVerified ? $0.isDone.count(where: \.self) : 0 } ?? 0
            let present = UInt64(clamping: blocks).multiplied(by: blockByteCount) ?? 0
            return sum.addingSaturating(file.byteCount > present ? file.byteCount - present : 0)
        }
        let free = FileSystem.freeByteCount(at: folder.folder(of: reference))
        guard needed > 0, needed.addingSaturating(Limits.hubSpareBytes) > free else { return }
        throw HubError(
            "\(reference) needs \(ByteCount.text(needed)) more in \(folder.path), where \(ByteCount.text(free)) are "
                + "free (\(ByteCount.text(Limits.hubSpareBytes)) are to stay so); make room, or name another disk by "
                + "--store-dir")
    }

    private func result(
        _ reference: HubReference, _ model: ModelFiles, fetched: UInt64, present: Set<HubPath>
    ) -> Result {
        let root = folder.folder(of: reference)
        return Result(
            reference: reference, path: model.path.isEmpty ? root : "\(root)/\(model.path)",
            files: model.files.map { ("\(root)/\($0.path.text)", $0.byteCount, present.contains($0.path)) },
            fetchedByteCount: fetched)
    }
}
