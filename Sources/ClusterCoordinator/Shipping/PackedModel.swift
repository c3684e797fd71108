// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetFormats
import Dispatch
import Synchronization

/// A model file with the digest of every part it packs into.
///
/// Holds no weights: parts are packed when they are needed and dropped when they are sent.
package struct PackedModel: Sendable {
    package let file: ModelFile
    private let references: [PartReference.Kind: PartReference]

    /// Packs every part once to learn its digest, on all cores, a few parts in memory at a time.
    ///
    /// Calls `progress` with parts done and parts in all, from any thread.
    ///
    /// - Throws: ``ModelFileError`` naming the tensor that cannot be packed.
    package init(file: ModelFile, progress: @Sendable (Int, Int) -> Void) throws {
        self.file = file
        let model = file.description
        guard let all = LayerRange(first: 0, end: model.layerCount) else {
            preconditionFailure("a model file with \(model.layerCount) layers was accepted")
        }
        let kinds = ShardManifest.kinds(layers: all, of: model)
        let results = Mutex<[PartReference.Kind: Result<PartReference, any Error>]>([:])
        DispatchQueue.concurrentPerform(iterations: kinds.count) { index in
            let kind = kinds[index]
            let result = Result { try file.pack(kind).reference }
            let done = results.withLock { results in
                results[kind] = result
                return results.count
            }
            progress(done, kinds.count)
        }
        references = try results.withLock { try $0.mapValues { try $0.get() } }
    }

    /// What a stage of `layers` is made of.
    package func manifest(layers: LayerRange) -> ShardManifest {
        let parts = ShardManifest.kinds(layers: layers, of: file.description).compactMap { references[$0] }
        return ShardManifest(model: file.description, layers: layers, parts: parts)
    }
}
