// SPDX-License-Identifier: MIT
import BitNetCore
import Glibc

/// A part that is being made, of which nobody knows the digest yet.
struct PartWriter {
    private let file: FileDescriptor
    private let path: String
    private var byteCount: UInt64 = 0

    fileprivate init(path: String) throws(FileError) {
        self.path = path
        file = try FileDescriptor(path: path, flags: O_RDWR | O_CREAT | O_TRUNC)
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try file.write(bytes, at: byteCount)
        byteCount += UInt64(bytes.count)
    }

    /// Gives the file its name.
    ///
    /// Not forced to disk: it is hashed before each use, and can be made again.
    func finish(as path: String) throws(FileError) {
        guard rename(self.path, path) == 0 else {
            throw FileError(path: path, operation: "rename", errno: errno)
        }
    }

    func discard() { unlink(path) }
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

    /// Marks parts as used, and removes those that were not used for longest until all take `quota` bytes at
    /// most; `parts` stay.
    func trim(to quota: UInt64, keeping parts: some Sequence<PartReference>) {
        let kept = Set(parts.map(\.digest.hex))
        for name in kept { FileSystem.touch("\(directory)/parts/\(name)") }
        // Whatever else somebody keeps there is not this store's to remove.
        let names = FileSystem.entries(of: directory + "/parts").filter { ContentDigest.isHex($0) }
        let files = names.compactMap { name in
            FileSystem.usage(of: "\(directory)/parts/\(name)").map { (name, $0.byteCount, $0.lastUsed) }
        }
        var total = files.reduce(0) { $0 + $1.1 }
        for (name, byteCount, _) in files.sorted(by: { $0.2 < $1.2 })
        where total > quota && !kept.contains(name) {
            guard unlink("\(directory)/parts/\(name)") == 0 else { continue }
            total -= byteCount
        }
    }
}
