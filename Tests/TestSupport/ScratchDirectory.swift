// SPDX-License-Identifier: MIT

import BitNetCore
import Glibc

/// An empty directory that goes away with the object, and directories in it.
package final class ScratchDirectory {
    package let path: String

    package init() throws {
        var template = Array("/tmp/bitnet-formats-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw FileError(path: "/tmp", operation: "create", errno: errno)
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names {
            for inner in FileSystem.entries(of: "\(path)/\(name)") { unlink("\(path)/\(name)/\(inner)") }
            if rmdir("\(path)/\(name)") != 0 { unlink("\(path)/\(name)") }
        }
        rmdir(path)
    }

    /// What is in the directory, sorted.
    package var names: [String] { FileSystem.entries(of: path).sorted() }

    package func move(_ name: String, to other: String) throws {
        guard rename("\(path)/\(name)", "\(path)/\(other)") == 0 else {
            throw FileError(path: name, operation: "rename", errno: errno)
        }
    }

    package func remove(_ name: String) throws {
        guard unlink("\(path)/\(name)") == 0 else {
            throw FileError(path: name, operation: "remove", errno: errno)
        }
    }

    package func bytes(of name: String) throws -> [UInt8] {
        try MappedFile(path: "\(path)/\(name)").withBytes { [UInt8]($0) }
    }

    package func write(_ text: String, to name: String) throws {
        let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw FileError(path: name, operation: "create", errno: errno) }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count else {
            throw FileError(path: name, operation: "write", errno: errno)
        }
    }
}
