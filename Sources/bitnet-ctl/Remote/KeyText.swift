// SPDX-License-Identifier: MIT
import ClusterConfig

/// A key to show.
enum KeyText {
    /// The first key of a file; `nil` without a file.
    static func read(_ path: String?) throws -> String? {
        guard let path else { return nil }
        let key = try APIKeyFile.read(path).first
        // It goes into a header's line.
        guard key?.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) ?? true else {
            throw ConfigError(path: path, "the first key has characters other than printable ASCII")
        }
        return key
    }
}
