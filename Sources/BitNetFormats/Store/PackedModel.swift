// SPDX-License-Identifier: MIT
package import BitNetCore
import Dispatch
import Synchronization

/// A model file with the digest of every part it packs into.
///
/// Holds no weights: a part is mapped from the store, or packed when it is needed and dropped when it was sent.
package struct PackedModel: Sendable {
    package let file: ModelFile
    /// Whether the parts were there already.
    package let wasKept: Bool
    private let references: [PartReference.Kind: PartReference]
    private let store: ModelStore?

    /// Packs every part once, on all cores, to learn its digest and, with a store, to keep it.
    ///
    /// Calls `progress` as parts are done, from any thread.
    ///
    /// - Throws: ``ModelFileError`` naming the tensor that cannot be packed; ``FileError`` if the store is full.
    package init(
        file: ModelFile, store: ModelStore? = nil, progress: @Sendable (ConversionProgress) -> Void
    ) throws {
        self.file = file
        // Whoever else converts into the same directory now keeps what it makes; this run does without.
        let lock = store?.lock()
        let isKept = store?.references(of: file) != nil
        let store = lock == nil && !isKept ? nil : store
        self.store = store
        defer { withExtendedLifetime(lock) {} }
        if let kept = store?.references(of: file) {
            references = Dictionary(kept.map { ($0.kind, $0) }) { first, _ in first }
            wasKept = true
            try store?.finish(file, kept)
            return
        }
        wasKept = false
        let converted = try Self.convert(file, store, progress)
        references = Dictionary(converted.map { ($0.kind, $0) }) { first, _ in first }
        try store?.finish(file, converted)
    }

    private static func convert(
        _ file: ModelFile, _ store: ModelStore?, _ progress: @Sendable (ConversionProgress) -> Void
    ) throws -> [PartReference] {
        let all = ModelFile.kinds(of: file.description)
        // A tied head is the embedding's part.
        let kinds = file.description.hasTiedHead ? all.filter { $0 != .head } : all
        let total = kinds.reduce(0) { $0 + file.sourceByteCount(of: $1) }
        let state = Mutex(
            (
                progress: ConversionProgress(totalByteCount: total, start: .now),
                results: [PartReference.Kind: Result<PartReference, any Error>]()
            ))
        DispatchQueue.concurrentPerform(iterations: kinds.count) { index in
            let kind = kinds[index]
            let hasFailed = state.withLock {
                $0.results.values.contains { if case .failure = $0 { true } else { false } }
            }
            guard !hasFailed else { return }
            let result = Result {
                try store?.keep(kind, of: file) ?? file.pack(kind) { _ in }
            }
            let current = state.withLock { state in
                state.results[kind] = result
                state.progress.doneByteCount += file.sourceByteCount(of: kind)
                return state.progress
            }
            progress(current)
        }
        var references = try state.withLock { try $0.results.mapValues { try $0.get() } }
        if let embedding = references[.embedding], references[.head] == nil {
            references[.head] = PartReference(
                kind: .head, digest: embedding.digest, byteCount: embedding.byteCount)
        }
        return all.compactMap { references[$0] }
    }

    /// What a stage of `layers` is made of.
    package func manifest(layers: LayerRange) -> ShardManifest {
        let parts = ShardManifest.kinds(layers: layers, of: file.description).compactMap { references[$0] }
        return ShardManifest(model: file.description, layers: layers, parts: parts)
    }

    /// One part: from the store if it is there unaltered, or packed again.
    ///
    /// - Throws: ``ModelFileError``.
    package func part(_ kind: PartReference.Kind) throws -> PackedPart {
        if let reference = references[kind], let kept = store?.part(reference) { return kept }
        return try file.pack(kind)
    }
}

/// How far the conversion of a model is.
package struct ConversionProgress: Sendable {
    /// Bytes of the model's files.
    package let totalByteCount: UInt64
    package internal(set) var doneByteCount: UInt64 = 0
    package let start: ContinuousClock.Instant

    init(totalByteCount: UInt64, start: ContinuousClock.Instant) {
        self.totalByteCount = totalByteCount
        self.start = start
    }
}
