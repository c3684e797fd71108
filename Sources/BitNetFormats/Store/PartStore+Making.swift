// SPDX-License-Identifier: MIT
import BitNetCore
import Glibc

/// A part that is being made, of which nobody knows the digest yet.
struct PartWriter {
    private let file: FileDescriptor
    private var byteCount: UInt64 = 0

    fileprivate init(path: String) throws(FileError) {
        // Left by somebody who was killed: whoever makes parts holds the store's lock.
        unlink(path)
        file = try FileDescriptor(path: path, flags: O_RDWR | O_CREAT | O_EXCL)
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try file.write(bytes, at: byteCount)
        byteCount += UInt64(bytes.count)
    }

    /// Gives the file its name.
    ///
    /// Not forced to disk: it is hashed before each use, and can be made again.
    func finish(as path: String) throws(FileError) {
        try file.rename(to: path)
    }

    func discard() { unlink(file.path) }
}

extension PartStore {
    /// Makes a part from pieces, and keeps it.
    ///
    /// - Parameter make: calls its argument with each piece, and returns what the part is.
    func keep(
        _ kind: PartReference.Kind, make: ((UnsafeRawBufferPointer) throws -> Void) throws -> PartReference
    ) throws -> PartReference {
        let name = "\(kind)".replacing(" ", with: "-")
        var writer = try PartWriter(path: "\(directory)/partial/\(name).making")
        do {
            let reference = try make { try writer.append($0) }
            try writer.finish(as: path(of: reference.digest))
            return reference
        } catch {
            writer.discard()
            throw error
        }
    }

    /// Removes parts that were being made when their maker was killed.
    func removeLeftovers() {
        for name in FileSystem.entries(of: directory + "/partial") where name.hasSuffix(".making") {
            FileSystem.remove("\(directory)/partial/\(name)")
        }
        for name in FileSystem.entries(of: directory + "/models") where name.hasSuffix(".partial") {
            FileSystem.remove("\(directory)/models/\(name)")
        }
    }
}
