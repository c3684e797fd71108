// SPDX-License-Identifier: MIT
import BitNetCore
import Glibc

/// Models that came from a hub, below the folder where converted weights are kept:
/// `hub/models--OWNER--NAME/snapshots/REVISION/FILE`, as the hub's own programs lay theirs out.
package struct HubFolder: Sendable {
    package let path: String

    /// - Parameter store: what `--store-dir` says.
    package init(store: String) {
        path = store + "/hub"
    }

    func folder(of reference: HubReference) -> String {
        "\(path)/models--\(reference.owner)--\(reference.name)/snapshots/\(reference.revision)"
    }

    func kept(_ file: HubPath, of reference: HubReference, blockByteCount: UInt64) -> KeptFile {
        KeptFile(path: "\(folder(of: reference))/\(file.text)", blockByteCount: blockByteCount)
    }

    /// Makes the folders for `files`, and holds the model's as long as the result lives.
    ///
    /// - Throws: ``HubError`` if somebody else fetches something of it.
    func claim(_ reference: HubReference, _ files: [HubFile]) throws -> FileDescriptor {
        let folder = folder(of: reference)
        try FileSystem.makeDirectory(folder)
        for file in files where !file.path.folder.isEmpty {
            try FileSystem.makeDirectory("\(folder)/\(file.path.folder)")
        }
        let lock = try FileDescriptor(path: folder + "/.lock", flags: O_RDWR | O_CREAT | O_NOFOLLOW)
        guard flock(lock.number, LOCK_EX | LOCK_NB) == 0 else {
            throw HubError(
                "another program fetches \(reference.repository) into \(folder); wait until it has ended")
        }
        return lock
    }

    /// The files of a repository that are here and whole.
    package func files(of reference: HubReference) -> [HubFile] {
        entries(in: folder(of: reference)).filter(\.isComplete).compactMap { entry in
            HubPath(entry.name).map {
                HubFile(
                    $0, byteCount: entry.byteCount, digest: entry.record.digest, gitName: entry.record.gitName
                )
            }
        }
    }

    /// A file, whole or in part.
    private struct Entry {
        let name: String
        let record: DownloadRecord
        let isComplete: Bool
        /// What it takes on the disk now, as far as blocks were noted.
        let byteCount: UInt64
    }

    private func entries(in folder: String, _ prefix: String = "", depth: Int = 0) -> [Entry] {
        guard depth < Limits.hubPathDepthMax else { return [] }
        return FileSystem.entries(of: folder).sorted().flatMap { name -> [Entry] in
            let path = "\(folder)/\(name)"
            if FileSystem.isDirectory(path) {
                return entries(in: path, prefix + name + "/", depth: depth + 1)
            }
            guard name.hasSuffix(KeptFile.recordSuffix) else { return [] }
            let plain = String(name.dropLast(KeptFile.recordSuffix.count))
            let kept = KeptFile(path: "\(folder)/\(plain)", blockByteCount: 0)
            guard let record = kept.record else { return [] }
            let isComplete = kept.isComplete
            let blocks = UInt64(clamping: record.isDone.count(where: \.self))
            let arrived = min(record.byteCount, blocks.multiplied(by: record.blockByteCount) ?? .max)
            return [
                Entry(
                    name: prefix + plain, record: record, isComplete: isComplete,
                    byteCount: isComplete ? record.byteCount : arrived)
            ]
        }
    }

    /// Whether files of a directory are still to come.
    func isUnfinished(_ reference: HubReference) -> Bool { FileSystem.exists(unfinishedPath(reference)) }

    func noteUnfinished(_ reference: HubReference, _ isUnfinished: Bool) throws(FileError) {
        let path = unfinishedPath(reference)
        guard isUnfinished else {
            FileSystem.remove(path)
            return
        }
        try OutputFile.write(Array("files are still to come\n".utf8), to: path)
    }

    private func unfinishedPath(_ reference: HubReference) -> String {
        folder(of: reference) + "/.unfinished"
    }

    // MARK: Looking after it

    /// What is kept of one revision of a repository.
    package struct Content: Sendable {
        package let reference: HubReference
        package let files: [(path: String, byteCount: UInt64, isComplete: Bool)]

        package var byteCount: UInt64 { files.reduce(0) { $0.addingSaturating($1.byteCount) } }
    }

    /// Everything, by name.
    package var contents: [Content] {
        FileSystem.entries(of: path).sorted().flatMap { name -> [Content] in
            let parts = name.split(separator: "-", omittingEmptySubsequences: false)
            guard name.hasPrefix("models--"), parts.count >= 5 else { return [] }
            let repository = String(name.dropFirst("models--".count)).replacing("--", with: "/")
            let snapshots = "\(path)/\(name)/snapshots"
            return FileSystem.entries(of: snapshots).sorted().compactMap { revision in
                guard let reference = try? HubReference(parsing: "\(repository)@\(revision)") else {
                    return nil
                }
                let files = entries(in: "\(snapshots)/\(revision)").map {
                    ($0.name, $0.byteCount, $0.isComplete)
                }
                return files.isEmpty ? nil : Content(reference: reference, files: files)
            }
        }
    }

    /// Removes what is here of a repository's revision: all of it, or the file that the reference names.
    ///
    /// - Returns: the paths that are gone, and the bytes that they took.
    package func remove(_ reference: HubReference) throws -> (paths: [String], byteCount: UInt64) {
        let folder = folder(of: reference)
        let entries = entries(in: folder).filter { entry in
            guard let choice = reference.choice else { return true }
            let split = SplitFileName(path: choice)
            return entry.name == choice
                || split.map { SplitFileName(path: entry.name)?.prefix == $0.prefix } ?? false
        }
        guard !entries.isEmpty else {
            throw HubError("nothing of \(reference) is in \(path); bitnet-ctl cache ls shows what is")
        }
        let lock = try claim(reference, [])
        defer { withExtendedLifetime(lock) {} }
        var byteCount: UInt64 = 0
        for entry in entries {
            byteCount += KeptFile(path: "\(folder)/\(entry.name)", blockByteCount: 0).remove()
        }
        return (entries.map(\.name), byteCount)
    }
}
