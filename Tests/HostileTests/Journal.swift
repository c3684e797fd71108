// SPDX-License-Identifier: MIT
import BitNetCore
import Glibc
import TestSupport

/// A file that tells which histories were being played, when the process that played them trapped.
struct Journal: Sendable {
    let path: String

    init(path: String) { self.path = path }

    /// - Parameter name: of which no other journal is at the same time.
    init(_ name: String) { path = "/tmp/bitnet-histories.\(name)" }

    func begin(_ history: History) { write("+\(history.name)\n") }

    func end(_ history: History) { write("-\(history.name)\n") }

    /// Lines of several tasks do not mix: each is one write at the file's end.
    private func write(_ line: String) {
        guard let file = try? FileDescriptor(path: path, flags: O_WRONLY | O_CREAT | O_APPEND) else { return }
        try? file.write(Array(line.utf8))
    }

    /// Those that were begun and not ended.
    ///
    /// The file is removed.
    func unfinished() -> [String] {
        defer { FileSystem.remove(path) }
        guard let text = try? MappedFile(path: path).withBytes({ String(decoding: $0, as: UTF8.self) }) else {
            return []
        }
        var open: Set<Substring> = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("+") { open.insert(line.dropFirst()) } else { open.remove(line.dropFirst()) }
        }
        return open.sorted().map(String.init)
    }
}
