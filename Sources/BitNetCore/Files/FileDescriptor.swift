// SPDX-License-Identifier: MIT
import Glibc

/// An open file, closed with the object.
package final class FileDescriptor: Sendable {
    package let number: Int32
    package let path: String

    /// - Parameter mode: who may use a file that this makes.
    package init(path: String, flags: Int32, mode: UInt32 = 0o600) throws(FileError) {
        let number = open(path, flags | O_CLOEXEC, mode)
        guard number >= 0 else { throw FileError(path: path, operation: "open", errno: errno) }
        self.number = number
        self.path = path
    }

    deinit {
        close(number)
    }

    /// What the system knows of the file.
    func status() throws(FileError) -> stat {
        var status = stat()
        guard fstat(number, &status) == 0 else {
            throw FileError(path: path, operation: "look at", errno: errno)
        }
        return status
    }

    /// Writes all of `bytes` at the beginning.
    package func write(_ bytes: [UInt8]) throws(FileError) {
        let buffer = AlignedBuffer(byteCount: bytes.count)
        buffer.bytes.copyBytes(from: bytes)
        try write(buffer.readOnly, at: 0)
    }

    /// Writes all of `bytes` at `offset`.
    ///
    /// Blocks.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
        var done = 0
        while done < bytes.count, let base = bytes.baseAddress {
            let count = pwrite(
                number, base + done, bytes.count - done, off_t(clamping: offset).addingSaturating(done))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw FileError(path: path, operation: "write", errno: count < 0 ? errno : ENOSPC)
            }
            done += count
        }
    }

    /// Forces what was written to disk.
    ///
    /// Blocks. Some file systems say only now that it is lost.
    package func synchronise() throws(FileError) {
        guard fsync(number) == 0 || errno == EINVAL else {
            throw FileError(path: path, operation: "write", errno: errno)
        }
    }

    /// Gives the file the name `other`, in place of a file that has it.
    package func rename(to other: String) throws(FileError) {
        guard Glibc.rename(path, other) == 0 else {
            throw FileError(path: other, operation: "rename", errno: errno)
        }
    }

    /// Reads into all of `buffer` from `offset`, less at the end of the file.
    ///
    /// Blocks.
    ///
    /// - Returns: the bytes that were read.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(FileError) -> Int {
        var done = 0
        while done < buffer.count, let base = buffer.baseAddress {
            let count = pread(
                number, base + done, buffer.count - done, off_t(clamping: offset).addingSaturating(done))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw FileError(path: path, operation: "read", errno: errno) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Says that the file will be read from front to back, so that the system reads ahead further.
    package func announceReading() {
        posix_fadvise(number, 0, 0, POSIX_FADV_SEQUENTIAL)
    }
}
