// SPDX-License-Identifier: MIT

import BitNetCore

/// Keys of an HTTP API, one a line; empty lines and those that begin with `#` mean nothing.
package enum APIKeyFile {
    /// - Throws: ``ConfigError`` naming the file.
    package static func read(_ path: String) throws(ConfigError) -> [String] {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw ConfigError(path: path, "the keys cannot be read: \(error.message)")
        }
        guard file.bytes.count <= Limits.configBytesMax else {
            throw ConfigError(
                path: path, "\(file.bytes.count) bytes; at most \(Limits.configBytesMax) are taken")
        }
        let lines = FileText.withoutMark(file.bytes).split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var keys: [String] = []
        for (index, line) in lines.enumerated() {
            if let key = try key(in: line, number: index + 1, of: path) { keys.append(key) }
        }
        guard !keys.isEmpty else { throw ConfigError(path: path, "there is no key in it; write one a line") }
        return keys
    }

    private static func key(
        in line: some Sequence<UInt8>, number: Int, of path: String
    ) throws(ConfigError) -> String? {
        guard let text = String(validating: Array(line), as: UTF8.self) else {
            throw ConfigError(path: path, line: number, "the key is not UTF-8")
        }
        let start = text.drop { $0.isWhitespace }
        let key = String(
            start[..<(start.lastIndex { !$0.isWhitespace }.map(start.index(after:)) ?? start.startIndex)])
        guard !key.isEmpty, !key.hasPrefix("#") else { return nil }
        guard key.utf8.count <= Limits.keyBytesMax else {
            throw ConfigError(
                path: path, line: number,
                "a key of \(key.utf8.count) bytes; at most \(Limits.keyBytesMax) are taken")
        }
        // No client could send it.
        guard !key.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw ConfigError(path: path, line: number, "the key contains a control character")
        }
        return key
    }
}
