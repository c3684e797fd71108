// SPDX-License-Identifier: MIT
import BitNetCore
import Crypto
import Glibc

/// Whether a file is the one that a hub has.
enum FileCheck {
    /// Compares all bytes with SHA-256, or a small file's with the name that git gives it; blocks.
    ///
    /// - Throws: ``HubError`` if they differ.
    static func verify(
        _ output: FileDescriptor, _ file: HubFile, _ digest: ContentDigest?, of repository: String
    ) throws {
        if let digest {
            let found = try hash(SHA256(), output, file.byteCount)
            guard found != digest.bytes else { return }
            throw mismatch(file, repository)
        }
        guard let name = file.gitName else { return }
        var hasher = Insecure.SHA1()
        hasher.update(data: Array("blob \(file.byteCount)\0".utf8))
        let found = try hash(hasher, output, file.byteCount)
        guard hex(found) != name else { return }
        throw mismatch(file, repository)
    }

    private static func mismatch(_ file: HubFile, _ repository: String) -> HubError {
        HubError(
            "\(file.path.text) of \(repository) came with other bytes than the hub has by its digest; what came was "
                + "removed. Try again; if it stays so, something between here and the hub alters it")
    }

    private static func hash(
        _ hasher: consuming some HashFunction, _ output: FileDescriptor, _ byteCount: UInt64
    ) throws(FileError) -> [UInt8] {
        var hasher = hasher
        let piece = AlignedBuffer(byteCount: Int(clamping: min(max(byteCount, 1), 1 << 20)))
        defer { withExtendedLifetime(piece) {} }
        output.announceReading()
        var offset: UInt64 = 0
        while offset < byteCount {
            let wanted = Int(clamping: min(byteCount - offset, UInt64(clamping: piece.bytes.count)))
            let place = UnsafeMutableRawBufferPointer(rebasing: piece.bytes[..<wanted])
            guard try output.read(into: place, at: offset) == wanted else {
                throw FileError(path: output.path, operation: "read all of", errno: EIO)
            }
            hasher.update(bufferPointer: UnsafeRawBufferPointer(place))
            offset += UInt64(clamping: wanted)
        }
        return Array(hasher.finalize())
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(
            bytes.flatMap {
                [digits[Int(truncatingIfNeeded: $0 >> 4)], digits[Int(truncatingIfNeeded: $0 & 15)]]
            })
    }
}
