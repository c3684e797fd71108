// SPDX-License-Identifier: MIT
import Glibc

/// Operations on paths.
package enum FileSystem {
    /// Makes a directory and those above it; one that exists is fine.
    package static func makeDirectory(_ path: String) throws(FileError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try makeDirectory(String(path[..<slash]))
            if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        }
        throw FileError(path: path, operation: "make directory", errno: errno)
    }

    /// Makes a directory that only this user may enter, or takes one that is there: a link to one, or somebody
    /// else's, is refused, and what others may do in it is taken from them.
    package static func makePrivateDirectory(_ path: String) throws(FileError) {
        try makeDirectory(path)
        let directory = try FileDescriptor(path: path, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let status = try directory.status()
        guard status.st_uid == geteuid() else {
            throw FileError(path: path, operation: "use (another user owns it)", errno: EPERM)
        }
        guard status.st_mode & 0o077 != 0 else { return }
        guard fchmod(directory.number, 0o700) == 0 else {
            throw FileError(path: path, operation: "keep others out of", errno: errno)
        }
    }

    /// For a first look; opening the file may still fail.
    package static func isRegularFile(_ path: String) -> Bool { mode(path) == S_IFREG }
    package static func isDirectory(_ path: String) -> Bool { mode(path) == S_IFDIR }

    package static func exists(_ path: String) -> Bool { mode(path) != nil }

    /// Why this process can make no files in a directory; `nil` if it can, but for want of room.
    package static func writeFailure(in directory: String) -> FileError? {
        guard isDirectory(directory) else {
            return FileError(path: directory, operation: "use", errno: ENOTDIR)
        }
        guard access(directory, W_OK | X_OK) != 0 else { return nil }
        return FileError(path: directory, operation: "write to", errno: errno)
    }

    private static func mode(_ path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    /// The path without links, `.` and `..`; `nil` if there is no such file.
    package static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    package static func byteCount(of path: String, followsLinks: Bool = true) -> UInt64? {
        var status = stat()
        guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0,
            status.st_mode & S_IFMT == S_IFREG
        else { return nil }
        return UInt64(clamping: status.st_size)
    }

    package static func freeByteCount(at path: String) -> UInt64 {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return 0 }
        return UInt64(clamping: status.f_bavail).multiplied(by: UInt64(clamping: status.f_frsize)) ?? .max
    }

    /// Forces a rename inside `directory` to disk.
    package static func synchronise(directory: String) throws(FileError) {
        let file = try FileDescriptor(path: directory, flags: O_RDONLY | O_DIRECTORY)
        guard fsync(file.number) == 0 else {
            throw FileError(path: directory, operation: "sync", errno: errno)
        }
    }

    /// Names of the entries of a directory but for `.` and `..`; empty if it cannot be read.
    package static func entries(of directory: String) -> [String] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Size of a regular file, not a link to one, and when it was last used, nanoseconds since 1970.
    package static func usage(of path: String) -> (byteCount: UInt64, lastUsedNanoseconds: Int64)? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        // A file may claim any year; 64 bits of nanoseconds end in 2262.
        let seconds = Int64(clamping: status.st_mtim.tv_sec)
        let time = seconds.multiplied(by: 1_000_000_000) ?? (seconds < 0 ? .min : .max)
        return (
            UInt64(clamping: status.st_size), time.addingSaturating(Int64(clamping: status.st_mtim.tv_nsec))
        )
    }

    @discardableResult
    package static func remove(_ path: String) -> Bool { unlink(path) == 0 }

    /// Marks a file as used now.
    package static func touch(_ path: String) { utimensat(AT_FDCWD, path, nil, 0) }
}
