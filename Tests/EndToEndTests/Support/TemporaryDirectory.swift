// SPDX-License-Identifier: MIT
import Foundation

/// A directory that is removed with the object.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(
            path: "bitnet-end-to-end-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func path(of name: String) -> String { "\(path)/\(name)" }

    /// Writes a file for the owner's eyes only, as key files must be.
    ///
    /// - Returns: its path.
    func write(_ text: String, to name: String) throws -> String {
        let path = path(of: name)
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else { throw TestError("cannot write \(path)") }
        return path
    }
}
