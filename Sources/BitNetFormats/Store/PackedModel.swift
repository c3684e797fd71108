// SPDX-License-Identifier: MIT
package import BitNetCore
import Dispatch
import Synchronization

/// A model file and what its parts are, as far as they have been made.
///
/// Holds no weights: a part is mapped from the store, or packed when it is needed and dropped when it was sent.
package final class PackedModel: Sendable {
    private struct State {
        var references: [PartReference.Kind: PartReference] = [:]
        var waiting: [Int: (kind: PartReference.Kind, continuation: Waiter)] = [:]
        var waiterCount = 0
        /// Why no more parts will become known.
        var end: (any Error)?
        var storeFailure: FileError?
        var progress: ConversionProgress
    }

    private typealias Waiter = CheckedContinuation<PartReference, any Error>

    package let file: ModelFile
    /// Whether the parts were there already.
    package let wasKept: Bool
    private let store: ModelStore?
    private let state: Mutex<State>

    /// Looks whether the store has the parts; ``convert(order:progress:)`` makes them if not.
    ///
    /// - Throws: ``FileError`` if they have to be made of a file that is not what it was.
    package init(file: ModelFile, store: ModelStore? = nil) throws {
        self.file = file
        self.store = store
        let kept = store?.references(of: file)
        wasKept = kept != nil
        if kept == nil { try file.checkUnchanged() }
        let total = Self.kinds(of: file).reduce(0) { $0 + file.sourceByteCount(of: $1) }
        var state = State(progress: ConversionProgress(totalByteCount: total, start: .now))
        state.references = Dictionary((kept ?? []).map { ($0.kind, $0) }) { first, _ in first }
        self.state = Mutex(state)
        if let store, let kept, let lock = store.lock() {
            // All that is wanted is there, even if nothing more can be written.
            try? store.finish(file, kept)
            withExtendedLifetime(lock) {}
        }
    }

    /// Packs every part once; calls `progress` as parts are done, from any thread.
    ///
    /// - Throws: as ``convert(order:progress:)``.
    package convenience init(
        file: ModelFile, store: ModelStore? = nil, progress: @Sendable (ConversionProgress) -> Void
    ) throws {
        try self.init(file: file, store: store)
        try convert(progress: progress)
    }

    /// The parts that have a file of their own: a tied head is the embedding's.
    private static func kinds(of file: ModelFile) -> [PartReference.Kind] {
        let kinds = ModelFile.kinds(of: file.description)
        return file.description.hasTiedHead ? kinds.filter { $0 != .head } : kinds
    }

    private func own(_ kind: PartReference.Kind) -> PartReference.Kind {
        kind == .head && file.description.hasTiedHead ? .embedding : kind
    }

    // MARK: Conversion

    /// Packs every part that is not known yet, on all cores, to learn its digest and, with a store, to keep it.
    ///
    /// A store that fails keeps no more, which ``storeFailure`` tells; what is not kept is packed again when it is
    /// needed.
    ///
    /// Blocks. Calls `progress` as parts are done, from any thread.
    ///
    /// - Parameter order: what is needed first; other parts follow.
    /// - Throws: ``ModelFileError`` naming the tensor that cannot be packed; ``FileError`` naming a file of the model
    ///   that is not what it was; `CancellationError` after ``stop()``.
    package func convert(
        order: [PartReference.Kind] = [], progress: @Sendable (ConversionProgress) -> Void
    ) throws {
        guard !wasKept else { return }
        // Whoever else converts into the same directory now keeps what it makes; this run does without.
        let lock = store?.lock()
        defer { withExtendedLifetime(lock) {} }
        let store = lock == nil ? nil : store
        store?.removeLeftovers()
        var seen: Set<PartReference.Kind> = []
        let kinds = (order.map(own) + Self.kinds(of: file)).filter { seen.insert($0).inserted }
        DispatchQueue.concurrentPerform(iterations: kinds.count) { index in
            let kind = kinds[index]
            guard state.withLock({ $0.end == nil }) else { return }
            do {
                progress(add(try make(kind, store)))
            } catch {
                fail(error)
            }
        }
        let (references, end) = state.withLock { ($0.references, $0.end) }
        if let end { throw end }
        guard let store, storeFailure == nil else { return }
        do throws(FileError) {
            try store.finish(file, ModelFile.kinds(of: file.description).compactMap { references[$0] })
        } catch {
            state.withLock { $0.storeFailure = error }
        }
    }

    /// Why the store does not keep what was converted: the disk is full, read-only or gone.
    package var storeFailure: FileError? { state.withLock { $0.storeFailure } }

    private func make(_ kind: PartReference.Kind, _ store: ModelStore?) throws -> PartReference {
        if let store, storeFailure == nil {
            do {
                return try store.keep(kind, of: file)
            } catch let error as FileError where error.path.hasPrefix(store.directory + "/") {
                state.withLock { $0.storeFailure = $0.storeFailure ?? error }
            }
        }
        return try file.pack(kind) { _ in }
    }

    /// Ends a conversion, and every wait for a part that is not known.
    package func stop() { fail(CancellationError()) }

    private func fail(_ error: any Error) {
        let waiting = state.withLock { state in
            if state.end == nil { state.end = error }
            defer { state.waiting = [:] }
            return state.waiting
        }
        for waiter in waiting.values { waiter.continuation.resume(throwing: error) }
    }

    private func add(_ reference: PartReference) -> ConversionProgress {
        var references = [reference]
        if reference.kind == .embedding, file.description.hasTiedHead {
            references.append(
                PartReference(kind: .head, digest: reference.digest, byteCount: reference.byteCount))
        }
        let (progress, met) = state.withLock { state in
            for reference in references { state.references[reference.kind] = reference }
            state.progress.doneByteCount += file.sourceByteCount(of: reference.kind)
            let met = state.waiting.filter { state.references[$0.value.kind] != nil }
            for id in met.keys { state.waiting[id] = nil }
            return (
                state.progress,
                met.values.compactMap { waiter in
                    state.references[waiter.kind].map { (waiter.continuation, $0) }
                }
            )
        }
        for (continuation, reference) in met { continuation.resume(returning: reference) }
        return progress
    }

    // MARK: Parts

    /// What a part is, once that is known.
    ///
    /// - Throws: what ended the conversion; `CancellationError` when the task is cancelled.
    package func reference(of kind: PartReference.Kind) async throws -> PartReference {
        let id = state.withLock { state in
            state.waiterCount += 1
            return state.waiterCount
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<PartReference, any Error>? = state.withLock { state in
                    if let known = state.references[kind] { return .success(known) }
                    if let end = state.end { return .failure(end) }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waiting[id] = (kind, continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiting.removeValue(forKey: id) }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// What the whole model is made of, as far as its parts are known; `nil` for a model without layers.
    package var manifest: ShardManifest? {
        LayerRange(first: 0, end: file.description.layerCount).map { manifest(layers: $0) }
    }

    /// What a stage of `layers` is made of, as far as its parts are known.
    package func manifest(layers: LayerRange) -> ShardManifest {
        let references = state.withLock { $0.references }
        let parts = ShardManifest.kinds(layers: layers, of: file.description).compactMap { references[$0] }
        return ShardManifest(model: file.description, layers: layers, parts: parts)
    }

    /// One part: from the store if it is there, or packed again.
    ///
    /// - Parameter isHashed: whether a part from the store is compared with its digest; without, who receives it
    ///   must do so.
    /// - Throws: ``ModelFileError``.
    package func part(_ kind: PartReference.Kind, isHashed: Bool = true) throws -> PackedPart {
        let reference = state.withLock { $0.references[kind] }
        if let reference, let kept = store?.part(reference, isHashed: isHashed) { return kept }
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
