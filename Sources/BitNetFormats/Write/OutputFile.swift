// SPDX-License-Identifier: MIT

package import BitNetCore
internal import Glibc
internal import Synchronization

/// A file that has its name only once it is complete: until then it is `<name>.partial`.
package final class OutputFile: Sendable {
    private enum State {
        case open
        case finished
        case discarded
    }

    package let path: String
    private let descriptor: Int32
    private let state = Mutex(State.open)

    private var partialPath: String { path + ".partial" }

    /// Makes the file with its full size, all zero.
    package init(path: String, byteCount: Int) throws(FileError) {
        self.path = path
        let partial = path + ".partial"
        // A partial file left by a program that was killed is of no use to anyone.
        unlink(partial)
        descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError(path: partial, operation: "create", errno: errno) }
        guard ftruncate(descriptor, byteCount) == 0 else {
            let error = FileError(path: partial, operation: "extend", errno: errno)
            discard()
            throw error
        }
    }

    deinit { discard() }

    /// Writes at a place; may be called from several threads at once.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
        var done = 0
        while done < bytes.count, let base = bytes.baseAddress {
            let count = pwrite(descriptor, base + done, bytes.count - done, offset + done)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw FileError(path: partialPath, operation: "write", errno: count < 0 ? errno : ENOSPC)
            }
            done += count
        }
    }

    /// Gives the file its name.
    ///
    /// - Parameter overwrites: whether a file that has the name already is replaced.
    package func finish(overwrites: Bool) throws(FileError) {
        // Some file systems say only now that what was written is lost.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw FileError(path: partialPath, operation: "write", errno: errno)
        }
        let failed = overwrites ? rename(partialPath, path) : link(partialPath, path)
        guard failed == 0 else { throw FileError(path: path, operation: "create", errno: errno) }
        state.withLock { state in
            if !overwrites { unlink(partialPath) }
            close(descriptor)
            state = .finished
        }
    }

    /// Takes the file away, unless it has its name; doing so again does nothing.
    package func discard() {
        state.withLock { state in
            guard case .open = state, descriptor >= 0 else { return }
            state = .discarded
            close(descriptor)
            unlink(partialPath)
        }
    }
}
