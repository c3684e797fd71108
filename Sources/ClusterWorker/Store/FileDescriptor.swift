// SPDX-License-Identifier: MIT
package import BitNetCore
import Glibc

/// An open file, closed with the object.
package final class FileDescriptor: Sendable {
    package let number: Int32
    let path: String

    package init(path: String, flags: Int32) throws(FileError) {
        let number = open(path, flags | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw FileError(path: path, operation: "open", errno: errno) }
        self.number = number
        self.path = path
    }

    deinit {
        close(number)
    }

    /// Writes all of `bytes` at `offset`.
    ///
    /// Blocks.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
        var done = 0
        while done < bytes.count, let base = bytes.baseAddress {
            let count = pwrite(number, base + done, bytes.count - done, off_t(offset) + off_t(done))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw FileError(path: path, operation: "write", errno: errno) }
            done += count
        }
    }
}

/// Operations on paths.
enum FileSystem {
    /// Makes a directory and those above it; one that exists is fine.
    static func makeDirectory(_ path: String) throws(FileError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try makeDirectory(String(path[..<slash]))
            if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        }
        throw FileError(path: path, operation: "make directory", errno: errno)
    }

    static func byteCount(of path: String) -> UInt64? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return UInt64(clamping: status.st_size)
    }

    static func freeByteCount(at path: String) -> UInt64 {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return 0 }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// Forces a rename inside `directory` to disk.
    static func synchronise(directory: String) throws(FileError) {
        let file = try FileDescriptor(path: directory, flags: O_RDONLY | O_DIRECTORY)
        guard fsync(file.number) == 0 else {
            throw FileError(path: directory, operation: "sync", errno: errno)
        }
    }
}
