// SPDX-License-Identifier: MIT

/// A file of this repository, by its path from the top.
package func repositoryFile(_ path: String) -> String {
    // This file is Tests/TestSupport/RepositoryFile.swift.
    let top = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/\(top)/\(path)"
}
