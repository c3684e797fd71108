// SPDX-License-Identifier: MIT
package import BitNetCore
import Glibc
import Synchronization

/// Parts on this machine's disk: `parts/<sha-256>`, and `partial/<sha-256>` for those that are arriving.
///
/// Names are digests, never anything a peer wrote. A part stands under its name only after its bytes were
/// hashed and forced to disk; it is hashed again before each use, so a file that was altered or cut short is
/// fetched again instead of served.
package final class PartStore: Sendable {
    package let directory: String
    /// Bytes that parts and partial files may take together; `nil` for what the disk holds.
    package let quota: UInt64?
    private let lock: FileDescriptor?
    /// Files that are arriving, with their full size.
    let arriving = Mutex<[ContentDigest: UInt64]>([:])

    /// - Throws: ``FileError`` if the directory cannot be made, or another process holds it.
    package init(directory: String, quota: UInt64? = nil) throws(FileError) {
        self.directory = directory
        self.quota = quota
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
        quota = nil
        try Self.makeDirectories(directory)
        lock = nil
    }

    private static func makeDirectories(_ directory: String) throws(FileError) {
        try FileSystem.makeDirectory(directory)
        // What stands in them is taken by its name: nobody else may put anything there.
        for folder in ["parts", "partial", "models"] {
            try FileSystem.makePrivateDirectory("\(directory)/\(folder)")
        }
    }

    /// - Returns: what holds the directory for as long as it lives; `nil` if another process holds it.
    package static func lock(_ directory: String) throws(FileError) -> FileDescriptor? {
        let lock = try FileDescriptor(path: directory + "/lock", flags: O_RDWR | O_CREAT | O_NOFOLLOW)
        return flock(lock.number, LOCK_EX | LOCK_NB) == 0 ? lock : nil
    }

    /// Bytes of `file` that need not be sent: all of them if it is whole and unaltered.
    ///
    /// Hashes the file, and marks it as used. One that fails is removed. Not for a file that is arriving.
    ///
    /// - Parameter isWanted: asked now and then, for hashing may take long; when it is not, the answer means nothing.
    package func presence(
        of file: PartFile, while isWanted: () -> Bool = { true }
    ) -> (byteCount: UInt64, isComplete: Bool) {
        let path = path(of: file.digest)
        if let found = try? FileDescriptor(path: path, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK) {
            if holds(found, file, while: isWanted) {
                FileSystem.touch(path)
                return (file.byteCount, true)
            }
            guard isWanted() else { return (0, false) }
            unlink(path)
        }
        let partial = partialPath(of: file.digest)
        let arrived = FileSystem.byteCount(of: partial, followsLinks: false) ?? 0
        // All bytes came, but the worker ended before it had looked at them.
        if arrived == file.byteCount, (try? commitWhole(file, while: isWanted)) == true {
            return (file.byteCount, true)
        }
        return (arrived < file.byteCount ? arrived : 0, false)
    }

    /// Notes to which model parts belong, for people who look into the store.
    package func note(_ manifest: ShardManifest) throws(FileError) {
        try write(manifest, as: manifest.id)
    }

    /// Writes `models/<name>` at once or not at all.
    func write(_ manifest: ShardManifest, as name: ContentDigest) throws(FileError) {
        try OutputFile.write(manifest.encoded(), to: modelPath(name), mode: 0o600)
    }

    /// Maps a part that was found whole.
    package func map(_ digest: ContentDigest) throws(FileError) -> MappedFile {
        try MappedFile(path: path(of: digest), followsLinks: false)
    }

    /// Length of a part's file, unverified; `nil` if there is none.
    package func byteCount(of digest: ContentDigest) -> UInt64? {
        FileSystem.byteCount(of: path(of: digest), followsLinks: false)
    }

    /// Bytes that the file system has left for this user.
    package var freeByteCount: UInt64 { FileSystem.freeByteCount(at: directory) }

    private func commitWhole(_ file: PartFile, while isWanted: () -> Bool) throws(FileError) -> Bool {
        let partial = try FileDescriptor(path: partialPath(of: file.digest), flags: O_RDWR | O_NOFOLLOW)
        guard holds(partial, file, while: isWanted) else {
            if isWanted() { unlink(partial.path) }
            return false
        }
        try give(partial, itsName: file.digest)
        return true
    }

    /// Forces a partial file to disk and gives it its name.
    func give(_ partial: FileDescriptor, itsName digest: ContentDigest) throws(FileError) {
        try partial.synchronise()
        try partial.rename(to: path(of: digest))
        try FileSystem.synchronise(directory: directory + "/parts")
    }

    private func holds(_ found: FileDescriptor, _ file: PartFile, while isWanted: () -> Bool) -> Bool {
        guard FileSystem.byteCount(of: found.path, followsLinks: false) == file.byteCount else {
            return false
        }
        var hasher = ContentHasher()
        return (try? hasher.update(found, byteCount: file.byteCount, while: isWanted)) != nil
            && hasher.finish() == file.digest
    }

    package func path(of digest: ContentDigest) -> String { "\(directory)/parts/\(digest.hex)" }
    package func partialPath(of digest: ContentDigest) -> String { "\(directory)/partial/\(digest.hex)" }
    func modelPath(_ name: ContentDigest) -> String { "\(directory)/models/\(name.hex)" }
}
