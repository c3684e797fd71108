// SPDX-License-Identifier: MIT

/// A content-addressed file, as offers, disks and manifests name it.
package struct PartFile: Hashable, Sendable {
    package var digest: ContentDigest
    package var byteCount: UInt64

    package init(digest: ContentDigest, byteCount: UInt64) {
        self.digest = digest
        self.byteCount = byteCount
    }
}

/// One content-addressed file of a shard: a single layer, the embedding, or the norm and head at the end.
///
/// Layers are separate files so that moving a cut by two layers ships two layers, and so that a tied
/// embedding that serves as head on the same worker is stored once.
package struct PartReference: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case embedding
        case layer(Int)
        case outputNorm
        case head
    }

    package var kind: Kind
    package var digest: ContentDigest
    package var byteCount: UInt64

    package init(kind: Kind, digest: ContentDigest, byteCount: UInt64) {
        self.kind = kind
        self.digest = digest
        self.byteCount = byteCount
    }

    package var file: PartFile { PartFile(digest: digest, byteCount: byteCount) }
}

extension PartReference.Kind: CustomStringConvertible {
    package var description: String {
        switch self {
        case .embedding: "embedding"
        case .layer(let index): "layer \(index)"
        case .outputNorm: "output norm"
        case .head: "head"
        }
    }
}

/// What one stage is made of.
///
/// The shard's id is the SHA-256 of `encoded()`.
package struct ShardManifest: Equatable, Sendable {
    package var model: ModelDescription
    package var layers: LayerRange
    package var parts: [PartReference]

    package init(model: ModelDescription, layers: LayerRange, parts: [PartReference]) {
        self.model = model
        self.layers = layers
        self.parts = parts
    }

    package var isFirstStage: Bool { layers.first == 0 }
    package var isLastStage: Bool { layers.end == model.layerCount }

    /// The parts that must be on disk, each file once.
    package var files: [PartReference] {
        var seen: Set<ContentDigest> = []
        return parts.filter { seen.insert($0.digest).inserted }
    }

    package var byteCount: UInt64 { files.reduce(0) { $0 + $1.byteCount } }

    /// The kinds of part that a stage of `layers` needs, in manifest order.
    package static func kinds(layers: LayerRange, of model: ModelDescription) -> [PartReference.Kind] {
        var kinds = layers.indices.map(PartReference.Kind.layer)
        if layers.first == 0 { kinds.insert(.embedding, at: 0) }
        if layers.end == model.layerCount { kinds += [.outputNorm, .head] }
        return kinds
    }
}
