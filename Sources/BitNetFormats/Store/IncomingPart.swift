// SPDX-License-Identifier: MIT
package import BitNetCore
import Glibc
import Synchronization

/// A part that is arriving: written to its partial file, hashed on the way, and given its name once it is whole
/// and on disk.
///
/// One call at a time. Its room in the store is kept until ``close()``; what has arrived stays on disk.
package final class IncomingPart: Sendable {
    package let file: PartFile
    private let store: PartStore
    private let partial: FileDescriptor
    private let state: Mutex<(hasher: ContentHasher, byteCount: UInt64)>

    fileprivate init(
        _ file: PartFile, store: PartStore, partial: FileDescriptor, hasher: ContentHasher, byteCount: UInt64
    ) {
        self.file = file
        self.store = store
        self.partial = partial
        state = Mutex((hasher, byteCount))
    }

    /// Bytes from the start of the file that are there.
    package var byteCount: UInt64 { state.withLock { $0.byteCount } }

    /// Writes the next bytes.
    ///
    /// - Throws: ``StoreError`` if the disk is full, ``FileError`` if it is broken.
    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        var (hasher, offset) = state.withLock { $0 }
        do throws(FileError) {
            try partial.write(bytes, at: offset)
        } catch {
            guard [ENOSPC, EDQUOT, EFBIG].contains(error.errno) else { throw error }
            throw StoreError.diskFull(
                store, file, missing: file.byteCount - offset, free: store.freeByteCount)
        }
        hasher.update(bytes)
        offset += UInt64(bytes.count)
        state.withLock { $0 = (hasher, offset) }
    }

    /// Takes no more; what has arrived stays.
    package func close() {
        store.arriving.withLock { $0[file.digest] = nil }
    }

    /// Compares what arrived with the digest, forces it to disk, gives it its name, and closes.
    ///
    /// - Returns: `false` if the bytes are not those of the digest; the partial file is gone then.
    package func commit() throws(FileError) -> Bool {
        defer { close() }
        let (hasher, byteCount) = state.withLock { $0 }
        guard byteCount == file.byteCount, hasher.finish() == file.digest else {
            unlink(partial.path)
            return false
        }
        try store.give(partial, itsName: file.digest)
        return true
    }
}

extension PartStore {
    /// Makes ready for what is missing of `file`.
    ///
    /// Hashes what is there. Room is made by what was not used for longest, but not by `kept`.
    ///
    /// - Parameter isWanted: asked now and then, for hashing may take long.
    /// - Returns: `nil` if the file is complete.
    /// - Throws: ``StoreError`` if there is no room for it, ``FileError`` if the disk is broken; `CancellationError`
    ///   when it is not wanted any more.
    package func receive(
        _ file: PartFile, keeping kept: Set<ContentDigest>, while isWanted: () -> Bool = { true }
    ) throws -> IncomingPart? {
        let isFree = arriving.withLock { arriving in
            guard arriving[file.digest] == nil else { return false }
            arriving[file.digest] = file.byteCount
            return true
        }
        guard isFree else { throw StoreError.arrivesTwice(file) }
        do {
            let (present, isComplete) = presence(of: file, while: isWanted)
            guard isWanted() else { throw CancellationError() }
            guard !isComplete else {
                arriving.withLock { $0[file.digest] = nil }
                return nil
            }
            try makeRoom(for: file, keeping: kept)
            let path = partialPath(of: file.digest)
            // What is not a file of this length so far is not a part that arrives.
            if present == 0 { unlink(path) }
            let partial = try FileDescriptor(
                path: path, flags: O_RDWR | O_CREAT | O_NOFOLLOW | (present == 0 ? O_EXCL : 0))
            guard ftruncate(partial.number, off_t(clamping: present)) == 0 else {
                throw FileError(path: path, operation: "truncate", errno: errno)
            }
            var hasher = ContentHasher()
            try hasher.update(partial, byteCount: present, while: isWanted)
            return IncomingPart(file, store: self, partial: partial, hasher: hasher, byteCount: present)
        } catch {
            arriving.withLock { $0[file.digest] = nil }
            throw error
        }
    }
}
