// SPDX-License-Identifier: MIT

import Glibc
import Synchronization

/// A file that has its name only once it is complete: until then it is `<name>.partial`.
package final class OutputFile: Sendable {
    private enum State {
        case open
        case finished
        case discarded
    }

    private static let writeCount = Atomic(0)

    package let path: String
    private let file: FileDescriptor
    private let state = Mutex(State.open)

    private let partialPath: String

    /// Makes the file with its full size, all zero.
    ///
    /// - Parameter mode: who may use it.
    package convenience init(path: String, byteCount: Int, mode: UInt32 = 0o644) throws(FileError) {
        try self.init(path: path, partial: path + ".partial", byteCount: byteCount, mode: mode)
    }

    private init(path: String, partial: String, byteCount: Int, mode: UInt32) throws(FileError) {
        self.path = path
        partialPath = partial
        // A partial file left by a program that was killed is of no use to anyone.
        unlink(partial)
        file = try FileDescriptor(path: partial, flags: O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        guard ftruncate(file.number, byteCount) == 0 else {
            let error = FileError(path: partial, operation: "extend", errno: errno)
            discard()
            throw error
        }
    }

    /// Writes a small file in one go: a reader finds the old one or the new one.
    package static func write(_ text: [UInt8], to path: String, mode: UInt32 = 0o644) throws(FileError) {
        // Whoever writes the same file at the same time has a partial one of its own.
        let number = writeCount.add(1, ordering: .relaxed).newValue
        let file = try OutputFile(
            path: path, partial: "\(path).\(getpid())-\(number).partial", byteCount: text.count, mode: mode)
        let buffer = AlignedBuffer(byteCount: text.count)
        buffer.bytes.copyBytes(from: text)
        try buffer.withBytes { bytes throws(FileError) in try file.write(bytes, at: 0) }
        try file.finish(overwrites: true)
    }

    deinit { discard() }

    /// Writes at a place; may be called from several threads at once.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
        try file.write(bytes, at: UInt64(clamping: offset))
    }

    /// Gives the file its name.
    ///
    /// - Parameter overwrites: whether a file that has the name already is replaced.
    package func finish(overwrites: Bool) throws(FileError) {
        try file.synchronise()
        if overwrites {
            try file.rename(to: path)
        } else if link(partialPath, path) != 0 {
            throw FileError(path: path, operation: "create", errno: errno)
        }
        state.withLock { state in
            if !overwrites { unlink(partialPath) }
            state = .finished
        }
    }

    /// Takes the file away, unless it has its name; doing so again does nothing.
    package func discard() {
        state.withLock { state in
            guard case .open = state else { return }
            state = .discarded
            unlink(partialPath)
        }
    }
}
