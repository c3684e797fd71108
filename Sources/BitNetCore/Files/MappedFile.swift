// SPDX-License-Identifier: MIT
import CPlatform
internal import Glibc

/// A file's bytes, read-only: a small file's are read at once, a large one is mapped.
///
/// The size is taken once, when the file is opened. A mapped file can change underneath: what is not in it any more
/// reads as zero, and ``checkWhole()`` and ``checkUnchanged()`` tell; nothing that was read before they did is to be
/// believed.
///
/// Safety: `@unchecked Sendable` because nobody writes the bytes once the object is made.
package final class MappedFile: @unchecked Sendable {
    private enum Storage {
        case memory(AlignedBuffer)
        /// - region: guards the mapping.
        case mapping(FileDescriptor, region: Int32)
    }

    package let path: String
    /// Valid while the object lives: for owners that hold it.
    ///
    /// Others use ``withBytes(_:)``.
    package let bytes: UnsafeRawBufferPointer
    package let identity: FileIdentity
    private let storage: Storage

    /// - Parameters:
    ///   - isKept: Whether the bytes are read at once however many they are, so that they stay as they are now; the
    ///     caller bounds them.
    ///   - followsLinks: Whether a symbolic link is followed.
    /// - Throws: ``FileError`` naming the path and the reason.
    package init(
        path: String, isKept: Bool = false, followsLinks: Bool = true
    ) throws(FileError) {
        self.path = path
        // Without O_NONBLOCK the open of a pipe would wait for a writer, perhaps for ever.
        let file = try FileDescriptor(
            path: path, flags: O_RDONLY | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW))
        let status = try file.status()
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(
                path: path, operation: "open", errno: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : ESPIPE)
        }
        identity = FileIdentity(status)
        let size = Int(clamping: status.st_size)
        guard size > Limits.fileReadAtOnceBytesMax, !isKept else {
            let buffer = AlignedBuffer(byteCount: size)
            guard try file.read(into: buffer.bytes, at: 0) == size else { throw FileError(changed: path) }
            storage = .memory(buffer)
            bytes = buffer.readOnly
            return
        }
        let mapped = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.number, 0)
        guard let mapped, mapped != MAP_FAILED else {
            throw FileError(path: path, operation: "map", errno: errno)
        }
        let region = bn_mapping_guard(mapped, size)
        guard region >= 0 else {
            munmap(mapped, size)
            throw FileError(path: path, operation: "map", errno: ENOMEM)
        }
        storage = .mapping(file, region: region)
        bytes = UnsafeRawBufferPointer(start: mapped, count: size)
    }

    package var byteCount: Int { bytes.count }

    /// Keeps the mapping alive while `body` reads.
    package func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(bytes)
    }

    /// What `body` makes of the bytes, if all of them were there.
    ///
    /// - Throws: ``FileError`` if some were not, which explains what `body` may have thrown; else that.
    package func withWholeBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        do {
            let result = try withBytes(body)
            try checkWhole()
            return result
        } catch {
            try checkWhole()
            throw error
        }
    }

    /// - Throws: ``FileError`` if bytes that were read were not in the file, or not to be had from the disk.
    package func checkWhole() throws(FileError) {
        guard case .mapping(let file, let region) = storage, bn_mapping_is_torn(region) else { return }
        guard let status = try? file.status(), FileIdentity(status) == identity else {
            throw FileError(changed: path)
        }
        throw FileError(path: path, operation: "read", errno: EIO)
    }

    /// - Throws: ``FileError`` if the file is not what it was when it was opened; one that was renamed or replaced is,
    ///   for its bytes are still there.
    package func checkUnchanged() throws(FileError) {
        guard case .mapping(let file, _) = storage else { return }
        guard FileIdentity(try file.status()) == identity else { throw FileError(changed: path) }
        try checkWhole()
    }

    /// Lets the system take back the whole pages of `range`; they are read again when they are used again.
    package func releasePages(_ range: Range<Int>) {
        let pageSize = Int(clamping: sysconf(Int32(clamping: _SC_PAGESIZE)))
        let start = (range.lowerBound + pageSize - 1) / pageSize * pageSize
        let end = range.upperBound / pageSize * pageSize
        guard case .mapping = storage, start < end, let base = bytes.baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: base + start), end - start, MADV_DONTNEED)
    }

    deinit {
        if case .mapping(_, let region) = storage, let base = bytes.baseAddress {
            bn_mapping_release(region)
            munmap(UnsafeMutableRawPointer(mutating: base), bytes.count)
        }
    }
}

/// An operation on a file that failed.
package struct FileError: RemediableError, Equatable {
    package let path: String
    package let operation: String
    package let errno: Int32

    package init(path: String, operation: String, errno: Int32) {
        self.path = path
        self.operation = operation
        self.errno = errno
    }

    /// A file that is not what it was when it was opened.
    package init(changed path: String) {
        self.init(path: path, operation: "read", errno: ESTALE)
    }

    /// Whether the file was changed while it was in use.
    package var isChanged: Bool { errno == ESTALE }

    /// There is no file of that name, nor could there be one.
    package var isMissing: Bool { errno == ENOENT || errno == ENOTDIR }

    /// Whether another process has what was asked for.
    package var isBusy: Bool { errno == EWOULDBLOCK }

    package var message: String {
        let reason =
            switch errno {
            case ESTALE:
                "it was cut short, overwritten or replaced while it was in use; put a whole file under a new name, "
                    + "give it this one by a rename, and start again"
            case ESPIPE: "it is a pipe, a socket or a device; write what comes from there into a file"
            default: String(cString: strerror(errno))
            }
        return "cannot \(operation) \(path): \(reason)"
    }
}
