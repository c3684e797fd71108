// SPDX-License-Identifier: MIT
package import BitNetCore
import Dispatch
import Glibc
import Synchronization

/// What is in a store's directory, for people and for whoever tidies it up.
///
/// Reads only, so that a store in use can be looked into as well.
package struct StoreContents: Sendable {
    /// A file of the store, and what it is as far as a manifest tells.
    package struct Entry: Sendable {
        package let file: StoredFile
        /// Which part of which model.
        package let uses: [(model: String, kind: PartReference.Kind)]
    }

    package let directory: String
    /// Parts first, then partial files; those used last first.
    package let entries: [Entry]

    /// - Throws: ``FileError`` if there is no store.
    package init(directory: String) throws(FileError) {
        guard FileSystem.isDirectory(directory + "/parts") else {
            throw FileError(path: directory + "/parts", operation: "look into the store", errno: ENOENT)
        }
        self.directory = directory
        var uses: [ContentDigest: [(model: String, kind: PartReference.Kind)]] = [:]
        for (_, manifest) in Self.manifests(in: directory) {
            for part in manifest.parts {
                let known = uses[part.digest] ?? []
                guard !known.contains(where: { $0 == (manifest.model.name, part.kind) }) else { continue }
                uses[part.digest] = known + [(manifest.model.name, part.kind)]
            }
        }
        entries = StoredFile.all(in: directory).sorted {
            ($0.isPartial ? 1 : 0, -$0.lastUsedNanoseconds) < ($1.isPartial ? 1 : 0, -$1.lastUsedNanoseconds)
        }.map { Entry(file: $0, uses: uses[$0.digest] ?? []) }
    }

    /// Bytes of all files.
    package var byteCount: UInt64 { entries.reduce(0) { $0 + $1.file.byteCount } }

    /// Hashes every part, on all cores; calls `progress` with the bytes of each.
    ///
    /// - Returns: the parts whose bytes are not those of their name.
    package func damaged(progress: @Sendable (UInt64) -> Void) -> [StoredFile] {
        let parts = entries.map(\.file).filter { !$0.isPartial }
        let damaged = Mutex<[Int]>([])
        DispatchQueue.concurrentPerform(iterations: parts.count) { index in
            if !parts[index].holdsItsName { damaged.withLock { $0.append(index) } }
            progress(parts[index].byteCount)
        }
        return damaged.withLock { $0.sorted() }.map { parts[$0] }
    }

    /// What a store notes of its models, with the files that say so.
    static func manifests(in directory: String) -> [(path: String, manifest: ShardManifest)] {
        FileSystem.entries(of: directory + "/models").compactMap { name in
            let path = "\(directory)/models/\(name)"
            guard ContentDigest(hex: name) != nil,
                let file = try? MappedFile(path: path, followsLinks: false),
                file.byteCount <= Limits.controlBytesMax,
                let manifest = file.withBytes({ try? ShardManifest(decoding: [UInt8]($0)) })
            else { return nil }
            return (path, manifest)
        }
    }
}

extension StoredFile {
    /// Whether the file's bytes have the digest that it is named by.
    fileprivate var holdsItsName: Bool {
        var hasher = ContentHasher()
        guard let file = try? FileDescriptor(path: path, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
            (try? hasher.update(file, byteCount: byteCount)) != nil
        else { return false }
        return hasher.finish() == digest
    }
}

extension PartStore {
    /// Forgets models of which no part is left.
    package func forgetModelsWithoutParts() {
        for (path, manifest) in StoreContents.manifests(in: directory)
        where manifest.parts.allSatisfy({ byteCount(of: $0.digest) == nil }) {
            FileSystem.remove(path)
        }
    }
}
