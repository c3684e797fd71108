// SPDX-License-Identifier: MIT
package import BitNetCore

/// A file of a repository, as its listing tells of it.
package struct HubFile: Equatable, Sendable {
    package let path: HubPath
    package let byteCount: UInt64
    /// SHA-256 of its bytes; `nil` for a small file that the hub keeps in its repository.
    package var digest: ContentDigest?
    /// The name that git gives a file that is kept in the repository: SHA-1 of its length and its bytes.
    package var gitName: String?

    package init(_ path: HubPath, byteCount: UInt64, digest: ContentDigest? = nil, gitName: String? = nil) {
        self.path = path
        self.byteCount = byteCount
        self.digest = digest
        self.gitName = gitName
    }
}
