// SPDX-License-Identifier: MIT
package import Glibc

/// An empty folder, which goes with the object, whatever is in it then.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        var template = Array("/tmp/bitnet-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError("make a folder in /tmp") }
        path = String(cString: made)
    }

    deinit { Self.remove(path) }

    package func path(of name: String) -> String { "\(path)/\(name)" }

    /// What is in the folder, sorted.
    package var names: [String] { Self.names(in: path).sorted() }

    /// - Returns: the file's path.
    @discardableResult
    package func write(_ bytes: some Sequence<UInt8>, to name: String, mode: mode_t = 0o600) throws -> String
    {
        let file = path(of: name)
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else { throw SystemError("create \(file)") }
        defer { close(descriptor) }
        let bytes = Array(bytes)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fchmod(descriptor, mode) == 0 else {
            throw SystemError("write \(file)")
        }
        return file
    }

    /// - Returns: the file's path.
    @discardableResult
    package func write(_ text: String, to name: String) throws -> String {
        try write(text.utf8, to: name)
    }

    private static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func remove(_ path: String) {
        // A link to a folder is removed, not followed.
        guard unlink(path) != 0 else { return }
        for name in names(in: path) { remove("\(path)/\(name)") }
        rmdir(path)
    }
}

/// What the system refused to a test.
package struct SystemError: Error, CustomStringConvertible {
    package let description: String

    package init(_ operation: String) {
        description = "cannot \(operation): \(String(cString: strerror(errno)))"
    }
}
