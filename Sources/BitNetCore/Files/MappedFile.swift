// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#endif

/// A file mapped read-only.
///
/// The size is taken once, when the file is opened.
///
/// Safety: `@unchecked Sendable` because the mapping is never written.
package final class MappedFile: @unchecked Sendable {
    package let path: String
    /// Valid while the object lives: for owners that hold it.
    ///
    /// Others use ``withBytes(_:)``.
    package let bytes: UnsafeRawBufferPointer
    package let identity: FileIdentity

    /// - Throws: ``FileError`` naming the path and the reason.
    package init(path: String) throws(FileError) {
        self.path = path
        // Without O_NONBLOCK the open of a pipe would wait for a writer, perhaps for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(path: path, operation: "open", errno: errno) }
        defer { _ = Glibc.close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw FileError(path: path, operation: "stat", errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(
                path: path, operation: "open", errno: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
        }
        identity = FileIdentity(status)
        guard status.st_size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let size = Int(clamping: status.st_size)
        let mapped = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let mapped, mapped != MAP_FAILED else {
            throw FileError(path: path, operation: "map", errno: errno)
        }
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

    /// Lets the system take back the whole pages of `range`; they are read again when they are used again.
    package func releasePages(_ range: Range<Int>) {
        let pageSize = Int(clamping: sysconf(Int32(clamping: _SC_PAGESIZE)))
        let start = (range.lowerBound + pageSize - 1) / pageSize * pageSize
        let end = range.upperBound / pageSize * pageSize
        guard start < end, let base = bytes.baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: base + start), end - start, MADV_DONTNEED)
    }

    deinit {
        if let base = bytes.baseAddress {
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

    /// There is no file of that name.
    package var isMissing: Bool { errno == ENOENT }

    /// Whether another process has what was asked for.
    package var isBusy: Bool { errno == EWOULDBLOCK }

    package var message: String {
        "cannot \(operation) \(path): \(String(cString: strerror(errno)))"
    }
}
