// SPDX-License-Identifier: MIT

package import BitNetCore

/// What a worker knows of parts in one session: which may come, which are there, which its stage still lacks.
package struct PartLedger: Equatable, Sendable {
    /// Parts that were let in.
    private var offered: Set<ContentDigest> = []
    /// Parts that were found whole on disk; they need not be hashed again.
    private var verified: Set<PartFile> = []
    /// The stage's parts; `nil` before the assignment.
    private var stage: Set<PartFile>?
    private var missing: Set<PartFile> = []

    package init() {}

    /// Parts that must not be removed to make room for others.
    package var used: Set<ContentDigest> {
        offered.union(verified.map(\.digest)).union((stage ?? []).map(\.digest))
    }

    /// A part is offered.
    ///
    /// - Returns: `nil` if it may come; else why not.
    package mutating func offer(_ file: PartFile) -> String? {
        if stage != nil, !missing.contains(file) {
            return "part \(file.digest.short) of \(file.byteCount) bytes is not one that is missing here"
        }
        guard offered.contains(file.digest) || offered.count < Limits.partsMax else {
            return "more than \(Limits.partsMax) parts were offered"
        }
        offered.insert(file.digest)
        return nil
    }

    /// The stage's parts are known.
    ///
    /// - Returns: those of which it is not known yet whether they are there.
    package mutating func assign(_ files: [PartFile]) -> [PartFile] {
        precondition(stage == nil, "assigned twice")
        stage = Set(files)
        missing = Set(files).subtracting(verified)
        return files.filter(missing.contains)
    }

    /// A part is whole and on disk.
    ///
    /// - Returns: whether it was the last one that the stage lacked.
    package mutating func found(_ file: PartFile) -> Bool {
        verified.insert(file)
        return missing.remove(file) != nil && missing.isEmpty
    }

    /// Parts that the stage lacks.
    package var missingPartCount: Int { missing.count }
}
