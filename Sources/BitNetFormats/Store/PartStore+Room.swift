// SPDX-License-Identifier: MIT
package import BitNetCore
import Synchronization

/// A store without room for a part.
package struct StoreError: RemediableError, Equatable {
    package let message: String

    static func overQuota(_ store: PartStore, _ file: PartFile, quota: UInt64, short: UInt64) -> StoreError {
        StoreError(
            message:
                "part \(file.digest.short) of \(file.byteCount) bytes does not fit the store in \(store.directory), "
                + "which may take \(quota) bytes: \(short) bytes short, and nothing in it can go. Raise "
                + "--store-quota, or give this worker fewer layers")
    }

    static func arrivesTwice(_ file: PartFile) -> StoreError {
        StoreError(message: "part \(file.digest.short) is arriving already")
    }

    static func noRoom(_ store: PartStore, shard byteCount: UInt64, short: UInt64) -> StoreError {
        let limit = store.quota.map { ", which may take \($0) bytes" } ?? ""
        return StoreError(
            message:
                "the shard needs \(byteCount) bytes more in \(store.directory)\(limit): \(short) bytes short. Make "
                + "room there, raise --store-quota, or give this worker fewer layers")
    }

    static func diskFull(_ store: PartStore, _ file: PartFile, missing: UInt64, free: UInt64) -> StoreError {
        StoreError(
            message:
                "the disk of \(store.directory) is full: \(missing) bytes of part \(file.digest.short) are still to "
                + "come, \(free) bytes are free. What has arrived is kept; make room there, or give --data-dir on a "
                + "larger disk")
    }
}

/// A file of a store.
package struct StoredFile: Sendable {
    package let digest: ContentDigest
    package let path: String
    package let byteCount: UInt64
    /// Since 1970.
    package let lastUsedNanoseconds: Int64
    package let isPartial: Bool

    /// The parts and partial files in a store's directory; whatever else somebody keeps there is not the store's.
    static func all(in directory: String) -> [StoredFile] {
        ["parts", "partial"].flatMap { folder in
            FileSystem.entries(of: "\(directory)/\(folder)").compactMap { name in
                let path = "\(directory)/\(folder)/\(name)"
                guard let digest = ContentDigest(hex: name), let usage = FileSystem.usage(of: path) else {
                    return nil
                }
                return StoredFile(
                    digest: digest, path: path, byteCount: usage.byteCount,
                    lastUsedNanoseconds: usage.lastUsedNanoseconds, isPartial: folder == "partial")
            }
        }
    }
}

extension PartStore {
    /// Removes partial files, then parts, those unused for longest first, until all take `quota` bytes at most;
    /// what belongs to `kept` stays.
    ///
    /// - Returns: what was removed.
    @discardableResult
    package func trim(to quota: UInt64, keeping kept: Set<ContentDigest>) -> [StoredFile] {
        let files = StoredFile.all(in: directory)
        let total = files.reduce(0) { $0 + $1.byteCount }
        guard total > quota else { return [] }
        defer { forgetModelsWithoutParts() }
        return remove(evictable(files, keeping: kept), until: total - quota)
    }

    /// Whether `byteCount` bytes more could be taken, if what may be removed were removed.
    ///
    /// - Throws: ``StoreError`` with the bytes that are short.
    package func checkRoom(for byteCount: UInt64, keeping kept: Set<ContentDigest>) throws(StoreError) {
        let files = StoredFile.all(in: directory)
        let removable = evictable(files, keeping: kept).reduce(0) { $0 + $1.byteCount }
        let needed = byteCount - min(byteCount, removable)
        let staying = files.reduce(0) { $0 + $1.byteCount } - removable
        let free = freeByteCount
        let overDisk = needed - min(needed, free)
        let overQuota = quota.map { staying + byteCount - min(staying + byteCount, $0) } ?? 0
        let short = max(overDisk, overQuota)
        guard short == 0 else { throw .noRoom(self, shard: byteCount, short: short) }
    }

    /// Makes room for the files that are arriving, `file` among them.
    ///
    /// - Throws: ``StoreError`` if what may be removed is not enough; nothing is removed then.
    func makeRoom(for file: PartFile, keeping kept: Set<ContentDigest>) throws(StoreError) {
        let arriving = arriving.withLock { $0 }
        let files = StoredFile.all(in: directory)
        let open = files.filter { $0.isPartial && arriving[$0.digest] != nil }
        let settled = files.reduce(0) { $0 + $1.byteCount } - open.reduce(0) { $0 + $1.byteCount }
        let whole = arriving.values.reduce(0, +)
        let toCome = whole - min(open.reduce(0) { $0 + $1.byteCount }, whole)

        let free = freeByteCount
        let overQuota = quota.map { settled + whole - min(settled + whole, $0) } ?? 0
        let overDisk = toCome - min(toCome, free)
        let candidates = evictable(files, keeping: kept)
        let removable = candidates.reduce(0) { $0 + $1.byteCount }
        if let quota, overQuota > removable {
            throw .overQuota(self, file, quota: quota, short: overQuota - removable)
        }
        guard overDisk <= removable else {
            throw .diskFull(self, file, missing: toCome, free: free)
        }
        guard !remove(candidates, until: max(overQuota, overDisk)).isEmpty else { return }
        forgetModelsWithoutParts()
    }

    /// Partial files, and the parts that have to go until the others take `quota` bytes at most, those unused for
    /// longest first.
    package func garbage(over quota: UInt64?) -> [StoredFile] {
        let files = StoredFile.all(in: directory)
        let partial = files.filter(\.isPartial)
        let parts = evictable(files, keeping: []).filter { !$0.isPartial }
        let total = parts.reduce(0) { $0 + $1.byteCount }
        return partial + Self.first(parts, of: quota.map { total - min(total, $0) } ?? 0)
    }

    /// Removes files, and forgets the models of which no part is left then.
    ///
    /// - Returns: those that are gone.
    package func remove(_ files: [StoredFile]) -> [StoredFile] {
        defer { forgetModelsWithoutParts() }
        return files.filter { FileSystem.remove($0.path) }
    }

    /// The files that have to go until `byteCount` bytes are free.
    private static func first(_ files: [StoredFile], of byteCount: UInt64) -> [StoredFile] {
        var freed: UInt64 = 0
        return Array(
            files.prefix { file in
                defer { freed += file.byteCount }
                return freed < byteCount
            })
    }

    private func evictable(_ files: [StoredFile], keeping kept: Set<ContentDigest>) -> [StoredFile] {
        let arriving = arriving.withLock { $0 }
        return files.filter { arriving[$0.digest] == nil && !kept.contains($0.digest) }.sorted {
            ($0.isPartial ? 0 : 1, $0.lastUsedNanoseconds) < ($1.isPartial ? 0 : 1, $1.lastUsedNanoseconds)
        }
    }

    @discardableResult
    private func remove(_ files: [StoredFile], until byteCount: UInt64) -> [StoredFile] {
        Self.first(files, of: byteCount).filter { FileSystem.remove($0.path) }
    }
}
