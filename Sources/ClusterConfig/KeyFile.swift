// SPDX-License-Identifier: MIT

import BitNetCore

#if canImport(Glibc)
import Glibc
#endif

/// The secret that the machines of a cluster share.
package enum KeyFile {
    /// How to make one, for messages.
    package static func recipe(path: String) -> String {
        "make one with “head -c 32 /dev/urandom | base64 > \(path) && chmod 600 \(path)” and copy it to every machine"
    }

    /// The file's bytes, without one line feed at the end; of a key that is text also without white space around it
    /// and a byte order mark, which editors add without a word.
    ///
    /// - Throws: ``ConfigError`` naming the file.
    package static func read(_ path: String) throws(ConfigError) -> [UInt8] {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw ConfigError(
                path: path, "the cluster key cannot be read: \(error.message); \(recipe(path: path))")
        }
        let bounds = Limits.clusterKeyBytes
        guard file.bytes.count <= bounds.upperBound + 16 else {
            throw ConfigError(
                path: path,
                "\(file.bytes.count) bytes are no cluster key, at most \(bounds.upperBound) are taken; "
                    + recipe(path: path))
        }
        let key = withoutEnds(file.bytes)
        guard bounds.contains(key.count) else {
            throw ConfigError(
                path: path,
                "a cluster key has \(bounds.lowerBound) to \(bounds.upperBound) bytes, this one has "
                    + "\(key.count); \(recipe(path: path))")
        }
        return key
    }

    private static func withoutEnds(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        let text = FileText.withoutMark(bytes)
        guard text.allSatisfy({ isSpace($0) || (0x21...0x7E).contains($0) }) else {
            return Array(bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...])
        }
        let start = text.drop(while: isSpace)
        return Array(start[..<(start.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start.startIndex)])
    }

    /// A warning if others than the owner may read or write the file, or `nil`.
    ///
    /// No error: secrets that Kubernetes mounts are readable to a group.
    package static func permissionWarning(_ path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 != 0 else {
            return nil
        }
        return "\(path) holds a secret key, but others than its owner may open it; run “chmod 600 \(path)”"
    }
}
