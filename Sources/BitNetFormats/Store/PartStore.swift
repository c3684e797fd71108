// SPDX-License-Identifier: MIT
package import BitNetCore
import Glibc

/// Parts on this machine's disk: `parts/<sha-256>`, and `partial/<sha-256>` for those that are arriving.
///
/// Names are digests, never anything a peer wrote. A part stands under its name only after its bytes were
/// hashed and forced to disk; it is hashed again before each use, so a file that was altered or cut short is
/// fetched again instead of served.
package final class PartStore: Sendable {
    package let directory: String
    private let lock: FileDescriptor?

    /// - Throws: ``FileError`` if the directory cannot be made, or another process holds it.
    package init(directory: String) throws(FileError) {
        self.directory = directory
        try Self.makeDirectories(directory)
        guard let lock = try Self.lock(directory) else {
            throw FileError(
                path: directory + "/lock", operation: "lock (is another process using it?)",
                errno: EWOULDBLOCK)
        }
        self.lock = lock
    }

    /// A store that several processes may read; who writes to it takes ``lock(_:)``.
    init(sharing directory: String) throws(FileError) {
        self.directory = directory
        try Self.makeDirectories(directory)
        lock = nil
    }

    private static func makeDirectories(_ directory: String) throws(FileError) {
        for path in [directory, directory + "/parts", directory + "/partial"] {
            try FileSystem.makeDirectory(path)
        }
    }

    /// - Returns: what holds the directory for as long as it lives; `nil` if another process holds it.
    static func lock(_ directory: String) throws(FileError) -> FileDescriptor? {
        let lock = try FileDescriptor(path: directory + "/lock", flags: O_RDWR | O_CREAT)
        return flock(lock.number, LOCK_EX | LOCK_NB) == 0 ? lock : nil
    }

    /// Bytes of `part` that need not be sent: all of them if the file is whole and unaltered.
    ///
    /// Hashes the file. A file that fails is removed.
    package func presentByteCount(of part: PartReference) -> (byteCount: UInt64, isComplete: Bool) {
        let path = path(of: part.digest)
        if let file = try? MappedFile(path: path) {
            if holds(file, part) {
                return (part.byteCount, true)
            }
            unlink(path)
        }
        let arrived = FileSystem.byteCount(of: partialPath(of: part.digest)) ?? 0
        // All bytes came, but the worker ended before it had looked at them.
        if arrived == part.byteCount, (try? commit(part, from: openPartial(part, from: arrived))) == true {
            return (part.byteCount, true)
        }
        return (arrived < part.byteCount ? arrived : 0, false)
    }

    /// Opens the partial file of `part` for writing from `offset`; what lies behind is cut off.
    package func openPartial(_ part: PartReference, from offset: UInt64) throws(FileError) -> FileDescriptor {
        let path = partialPath(of: part.digest)
        let file = try FileDescriptor(path: path, flags: O_RDWR | O_CREAT)
        guard ftruncate(file.number, off_t(offset)) == 0 else {
            throw FileError(path: path, operation: "truncate", errno: errno)
        }
        return file
    }

    /// Verifies what arrived, forces it to disk and gives it its name.
    ///
    /// - Returns: `false` if the bytes are not those of the digest; the partial file is gone then.
    package func commit(_ part: PartReference, from file: FileDescriptor) throws(FileError) -> Bool {
        let partial = partialPath(of: part.digest)
        let arrived = try MappedFile(path: partial)
        guard holds(arrived, part) else {
            unlink(partial)
            return false
        }
        guard fsync(file.number) == 0 else { throw FileError(path: partial, operation: "sync", errno: errno) }
        guard rename(partial, path(of: part.digest)) == 0 else {
            throw FileError(path: partial, operation: "rename", errno: errno)
        }
        try FileSystem.synchronise(directory: directory + "/parts")
        return true
    }

    /// Maps a part that ``presentByteCount(of:)`` or ``commit(_:from:)`` has found whole.
    package func map(_ digest: ContentDigest) throws(FileError) -> MappedFile {
        try MappedFile(path: path(of: digest))
    }

    /// Length of a part's file, unverified; `nil` if there is none.
    func byteCount(of digest: ContentDigest) -> UInt64? { FileSystem.byteCount(of: path(of: digest)) }

    /// Bytes that the file system has left for this user.
    package var freeByteCount: UInt64 { FileSystem.freeByteCount(at: directory) }

    private func holds(_ file: MappedFile, _ part: PartReference) -> Bool {
        UInt64(file.byteCount) == part.byteCount && ContentDigest.of(file) == part.digest
    }

    func path(of digest: ContentDigest) -> String { "\(directory)/parts/\(digest.hex)" }
    private func partialPath(of digest: ContentDigest) -> String { "\(directory)/partial/\(digest.hex)" }
}
