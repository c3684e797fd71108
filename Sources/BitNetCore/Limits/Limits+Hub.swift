// SPDX-License-Identifier: MIT

/// Bounds of what a hub of models may answer, and of what is asked of it.
extension Limits {
    /// Name of an owner, of a repository or of a revision, bytes: hubs take 96.
    package static let hubNameBytesMax = 96
    /// One name of a file's path, bytes: what file systems take, without what a partial file adds.
    package static let hubFileNameBytesMax = 240
    /// Folders inside each other, and the file.
    package static let hubPathDepthMax = 8
    /// One page of a listing, bytes: a thousand files take a few hundred kilobytes.
    package static let hubPageBytesMax = 8 << 20
    /// Pages of a listing, of a thousand files each as hubs have them.
    package static let hubPagesMax = 64
    /// Files of a repository.
    package static let hubFilesMax = 65536
    /// One file, bytes; 4 TiB.
    package static let hubFileBytesMax: UInt64 = 4 << 40
    /// Bytes that are asked for at a time, and that a crash loses at most on each connection.
    package static let hubBlockBytes: UInt64 = 16 << 20
    /// Ranges of a file that are asked for at a time.
    package static let hubConnections = 1...16
    /// Addresses that lead to one another until a file comes.
    package static let hubRedirectsMax = 5
    /// An address that a hub leads to, bytes: signed ones take about 1500.
    package static let hubAddressBytesMax = 8192
    /// Tries without a whole block between them.
    package static let hubTriesMax = 8
    /// The longest wait between two tries.
    package static let hubDelayMax: Duration = .seconds(60)
    /// The longest wait that a hub may ask for; what is longer is a refusal.
    package static let hubRetryAfterMax: Duration = .seconds(600)
    /// Silence after which an answer counts as broken.
    package static let hubReadTimeout: Duration = .seconds(30)
    /// What is noted of a file that is being fetched, bytes: a character for each of its blocks, and its digests.
    package static let hubRecordBytesMax = 1 << 20
    /// Room that is left on the disk beside a model, bytes.
    package static let hubSpareBytes: UInt64 = 256 << 20
    /// A token, bytes.
    package static let hubTokenBytesMax = 4096
    /// Candidates that a message names.
    package static let hubCandidatesNamedMax = 40
}
