// SPDX-License-Identifier: MIT
import Glibc

/// Options given as environment variables.
package enum EnvironmentTwins {
    /// `PREFIX_CTX_SIZE=512` as `--ctx-size=512`; a value of `true` stands for a flag without a value.
    ///
    /// They come before the command line's own options, so that the command line wins; a name that is no
    /// option is refused by the parser like any other mistake.
    package static func arguments(prefix: String) -> [String] {
        var result: [String] = []
        var entry = environ
        while let variable = entry.pointee {
            let parts = String(cString: variable).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, parts[0].hasPrefix(prefix) {
                let name = parts[0].dropFirst(prefix.count).lowercased().map { $0 == "_" ? "-" : $0 }
                result.append(parts[1] == "true" ? "--\(String(name))" : "--\(String(name))=\(parts[1])")
            }
            entry += 1
        }
        return result.sorted()
    }
}
