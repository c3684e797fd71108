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
        guard let text = String(validating: file.bytes, as: UTF8.self) else {
            throw ConfigError(path: path, "the keys are not UTF-8")
        }
        let keys = text.split(whereSeparator: \.isNewline).map { line in
            String(
                line.trimmingPrefix { $0.isWhitespace }.reversed().trimmingPrefix { $0.isWhitespace }
                    .reversed())
        }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
        guard !keys.isEmpty else { throw ConfigError(path: path, "there is no key in it; write one a line") }
        if let long = keys.first(where: { $0.utf8.count > Limits.keyBytesMax }) {
            throw ConfigError(
                path: path, "a key of \(long.utf8.count) bytes; at most \(Limits.keyBytesMax) are taken")
        }
        return keys
    }
}
