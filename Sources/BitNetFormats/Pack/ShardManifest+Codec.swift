// SPDX-License-Identifier: MIT

package import BitNetCore

/// A manifest that cannot be used.
package struct ManifestError: RemediableError, Equatable {
    package let reason: String

    package var message: String {
        "shard manifest: \(reason); the coordinator and this worker may be of different versions"
    }
}

/// The binary form of a manifest, whose SHA-256 is the shard's id.
///
/// Little-endian, canonical (one manifest, one form):
///
///     4      magic "BNSM"
///     4      u32 version, 1
///     2, …   u16 length and UTF-8 bytes of the model's name
///     4 × 8  u32 layers, hidden, feed-forward, heads, key/value heads, head size, vocabulary, context
///     4 × 2  f32 norm epsilon, rope base
///     1 × 4  u8 activation, rotary pairing, sub-norms (0/1), tied head (0/1)
///     4 × 2  u32 first layer, end layer
///     2      u16 part count
///     43 ×   u8 kind (0 embedding, 1 layer, 2 output norm, 3 head), u16 layer (0 unless kind 1),
///            u64 byte count, 32 bytes SHA-256
extension ShardManifest {
    static let magic: [UInt8] = Array("BNSM".utf8)
    static let version: UInt32 = 1

    /// SHA-256 of ``encoded()``: the shard's identity.
    package var id: ContentDigest { ContentDigest.of(encoded()) }

    /// Numbers that do not fit their field (no valid manifest has any) become what decoding refuses.
    package func encoded() -> [UInt8] {
        var bytes = Self.magic
        bytes.append(littleEndian: Self.version)
        bytes.append(littleEndian: UInt16(clamping: model.name.utf8.count))
        bytes.append(contentsOf: model.name.utf8)
        for value in [
            model.layerCount, model.hiddenSize, model.feedForwardSize, model.headCount,
            model.keyValueHeadCount, model.headSize, model.vocabularySize, model.contextLength,
        ] {
            bytes.append(littleEndian: UInt32(clamping: value))
        }
        bytes.append(littleEndian: model.normEpsilon)
        bytes.append(littleEndian: model.ropeBase)
        bytes.append(model.activation.rawValue)
        bytes.append(model.rotaryPairing.rawValue)
        bytes.append(model.hasSubNorms ? 1 : 0)
        bytes.append(model.hasTiedHead ? 1 : 0)
        bytes.append(littleEndian: UInt32(clamping: layers.first))
        bytes.append(littleEndian: UInt32(clamping: layers.end))
        bytes.append(littleEndian: UInt16(clamping: parts.count))
        for part in parts {
            let (kind, layer) = part.kind.fields
            bytes.append(kind)
            bytes.append(littleEndian: layer)
            bytes.append(littleEndian: part.byteCount)
            bytes.append(contentsOf: part.digest.bytes)
        }
        return bytes
    }

    /// Decodes and checks a manifest: a runnable model, a range inside it, and exactly the parts it needs.
    package init(decoding bytes: [UInt8]) throws(ManifestError) {
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(ManifestError) in
                var decoder = ManifestDecoder(raw)
                return try decoder.manifest()
            }
        }
        self = try result.get()
    }
}

extension PartReference.Kind {
    fileprivate var fields: (kind: UInt8, layer: UInt16) {
        switch self {
        case .embedding: (0, 0)
        case .layer(let index): (1, UInt16(clamping: index))
        case .outputNorm: (2, 0)
        case .head: (3, 0)
        }
    }

    fileprivate init?(kind: UInt8, layer: UInt16) {
        switch (kind, layer) {
        case (0, 0): self = .embedding
        case (1, _): self = .layer(Int(clamping: layer))
        case (2, 0): self = .outputNorm
        case (3, 0): self = .head
        default: return nil
        }
    }
}

private struct ManifestDecoder {
    private var reader: LittleEndianReader

    init(_ bytes: UnsafeRawBufferPointer) {
        reader = LittleEndianReader(bytes)
    }

    mutating func manifest() throws(ManifestError) -> ShardManifest {
        guard try need(reader.array(4)) == ShardManifest.magic else {
            throw ManifestError(reason: "the magic is not BNSM")
        }
        let version = try number(UInt32.self)
        guard version == ShardManifest.version else {
            throw ManifestError(reason: "version \(version), expected \(ShardManifest.version)")
        }
        let model = try model()
        if let invalidity = model.invalidity { throw ManifestError(reason: invalidity) }
        let (first, end) = (Int(clamping: try number(UInt32.self)), Int(clamping: try number(UInt32.self)))
        guard let layers = LayerRange(first: first, end: end), end <= model.layerCount else {
            throw ManifestError(reason: "layers \(first)..<\(end) of a model of \(model.layerCount)")
        }
        let kinds = ShardManifest.kinds(layers: layers, of: model)
        let count = try number(UInt16.self)
        guard count == kinds.count else {
            throw ManifestError(reason: "\(count) parts, layers \(layers) take \(kinds.count)")
        }
        var parts: [PartReference] = []
        for kind in kinds { parts.append(try part(expected: kind)) }
        guard reader.remaining == 0 else {
            throw ManifestError(reason: "\(reader.remaining) bytes too many")
        }
        let manifest = ShardManifest(model: model, layers: layers, parts: parts)
        try checkTied(manifest)
        return manifest
    }

    private mutating func model() throws(ManifestError) -> ModelDescription {
        let nameByteCount = Int(clamping: try number(UInt16.self))
        guard nameByteCount <= Limits.nameBytesMax else {
            throw ManifestError(reason: "a name of \(nameByteCount) bytes, at most \(Limits.nameBytesMax)")
        }
        guard let name = String(validating: try need(reader.array(nameByteCount)), as: UTF8.self) else {
            throw ManifestError(reason: "the name is not UTF-8")
        }
        var sizes: [Int] = []
        for _ in 0..<8 { sizes.append(Int(clamping: try number(UInt32.self))) }
        let epsilon = try need(reader.float())
        let base = try need(reader.float())
        guard let activation = ModelDescription.Activation(rawValue: try number(UInt8.self)),
            let pairing = ModelDescription.RotaryPairing(rawValue: try number(UInt8.self))
        else { throw ManifestError(reason: "unknown activation or rotary pairing") }
        return ModelDescription(
            name: name,
            shape: .init(
                layerCount: sizes[0], hiddenSize: sizes[1], feedForwardSize: sizes[2], headCount: sizes[3],
                keyValueHeadCount: sizes[4], headSize: sizes[5], vocabularySize: sizes[6],
                hasSubNorms: try flag()),
            contextLength: sizes[7], normEpsilon: epsilon, ropeBase: base, activation: activation,
            rotaryPairing: pairing, hasTiedHead: try flag())
    }

    private mutating func part(expected: PartReference.Kind) throws(ManifestError) -> PartReference {
        let kind = PartReference.Kind(kind: try number(UInt8.self), layer: try number(UInt16.self))
        guard kind == expected else {
            throw ManifestError(
                reason: "\(kind.map(String.init(describing:)) ?? "an unknown part") instead of \(expected)")
        }
        let byteCount = try number(UInt64.self)
        guard (1...Limits.partBytesMax).contains(byteCount) else {
            throw ManifestError(reason: "\(expected) of \(byteCount) bytes, at most \(Limits.partBytesMax)")
        }
        guard let digest = ContentDigest(try need(reader.array(ContentDigest.byteCount))) else {
            throw ManifestError(reason: "it ends too early")
        }
        return PartReference(kind: expected, digest: digest, byteCount: byteCount)
    }

    /// The head of a tied model is the embedding's file.
    private func checkTied(_ manifest: ShardManifest) throws(ManifestError) {
        guard manifest.model.hasTiedHead, manifest.isFirstStage, manifest.isLastStage,
            let embedding = manifest.parts.first, let head = manifest.parts.last
        else { return }
        guard embedding.digest == head.digest, embedding.byteCount == head.byteCount else {
            throw ManifestError(reason: "a tied head that is not the embedding")
        }
    }

    private mutating func flag() throws(ManifestError) -> Bool {
        switch try number(UInt8.self) {
        case 0: false
        case 1: true
        default: throw ManifestError(reason: "a truth value that is neither 0 nor 1")
        }
    }

    private mutating func number<T: FixedWidthInteger>(_ type: T.Type) throws(ManifestError) -> T {
        try need(reader.integer(type))
    }

    private func need<T>(_ value: T?) throws(ManifestError) -> T {
        guard let value else { throw ManifestError(reason: "it ends too early") }
        return value
    }
}
