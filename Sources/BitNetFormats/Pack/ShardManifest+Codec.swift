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
///     4      u32 version: 1, or 2 for a model that is not plain (see ``ModelDescription/isPlain``)
///     2, …   u16 length and UTF-8 bytes of the model's name
///     4 × 8  u32 layers, hidden, feed-forward, heads, key/value heads, head size, vocabulary, context
///     4 × 2  f32 norm epsilon, rope base
///     1 × 4  u8 activation, rotary pairing, sub-norms (0/1), tied head (0/1)
///            in version 2 only:
///     1 × 2  u8 norms of heads (0/1), encoding of the layers' matrices
///     2      u16 activation group
///     1, 16, 4  u8 rope scaling (0 none, 1 linear, 2 Llama 3's, 3 YaRN), its f32 numbers, u32 original context;
///            unused ones 0
///     4 × 3  f32 embedding, residual, logit scale
///     4 × 2  u32 first layer, end layer
///     2      u16 part count
///     43 ×   u8 kind (0 embedding, 1 layer, 2 output norm, 3 head), u16 layer (0 unless kind 1),
///            u64 byte count, 32 bytes SHA-256
extension ShardManifest {
    static let magic: [UInt8] = Array("BNSM".utf8)
    static let versions: ClosedRange<UInt32> = 1...2

    /// SHA-256 of ``encoded()``: the shard's identity.
    package var id: ContentDigest { ContentDigest.of(encoded()) }

    /// Numbers that do not fit their field (no valid manifest has any) become what decoding refuses.
    package func encoded() -> [UInt8] {
        var bytes = Self.magic
        bytes.append(littleEndian: model.isPlain ? Self.versions.lowerBound : Self.versions.upperBound)
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
        if !model.isPlain { bytes += model.furtherBytes }
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

extension ModelDescription {
    /// What version 2 has and version 1 lacks.
    fileprivate var furtherBytes: [UInt8] {
        var bytes: [UInt8] = [
            hasHeadNorms ? 1 : 0, activationsAreExact ? 1 : 0, matrixEncoding.rawValue,
        ]
        bytes.append(littleEndian: UInt16(clamping: activationGroup))
        let (kind, numbers, originalContext) = rope.fields
        bytes.append(kind)
        for index in 0..<RopeScaling.numbersMax {
            bytes.append(littleEndian: index < numbers.count ? numbers[index] : 0)
        }
        bytes.append(littleEndian: UInt32(clamping: originalContext))
        for scale in [embeddingScale, residualScale, logitScale] { bytes.append(littleEndian: scale) }
        return bytes
    }
}

extension RopeScaling {
    fileprivate static let numbersMax = 4

    fileprivate var fields: (kind: UInt8, numbers: [Float], originalContext: Int) {
        switch self {
        case .none: (0, [], 0)
        case .linear(let factor): (1, [factor], 0)
        case .llama3(let factor, let low, let high, let context): (2, [factor, low, high], context)
        case .yarn(let factor, let context, let fast, let slow, let attention):
            (3, [factor, fast, slow, attention], context)
        }
    }

    /// - Returns: `nil` for an unknown kind, or numbers that its kind has no use for.
    fileprivate init?(kind: UInt8, numbers: [Float], originalContext: Int) {
        switch kind {
        case 0: self = .none
        case 1: self = .linear(factor: numbers[0])
        case 2:
            self = .llama3(
                factor: numbers[0], lowFrequencyFactor: numbers[1], highFrequencyFactor: numbers[2],
                originalContext: originalContext)
        case 3:
            self = .yarn(
                factor: numbers[0], originalContext: originalContext, betaFast: numbers[1],
                betaSlow: numbers[2], attentionFactor: numbers[3])
        default: return nil
        }
        let used = fields
        guard used.originalContext == originalContext,
            numbers.dropFirst(used.numbers.count).allSatisfy({ $0.bitPattern == 0 })
        else { return nil }
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
        guard ShardManifest.versions.contains(version) else {
            throw ManifestError(
                reason: "version \(version), expected \(ShardManifest.versions.lowerBound) or "
                    + "\(ShardManifest.versions.upperBound)")
        }
        var model = try model()
        if version > ShardManifest.versions.lowerBound {
            try readFurther(&model)
            guard !model.isPlain else { throw ManifestError(reason: "version \(version) of a plain model") }
        }
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

    private mutating func readFurther(_ model: inout ModelDescription) throws(ManifestError) {
        model.hasHeadNorms = try flag()
        model.activationsAreExact = try flag()
        guard let encoding = TensorEncoding(rawValue: try number(UInt8.self)) else {
            throw ManifestError(reason: "an unknown encoding of matrices")
        }
        model.matrixEncoding = encoding
        model.activationGroup = Int(clamping: try number(UInt16.self))
        let kind = try number(UInt8.self)
        var numbers: [Float] = []
        for _ in 0..<RopeScaling.numbersMax { numbers.append(try need(reader.float())) }
        let context = Int(clamping: try number(UInt32.self))
        guard let rope = RopeScaling(kind: kind, numbers: numbers, originalContext: context) else {
            throw ManifestError(reason: "an unknown rope scaling")
        }
        model.rope = rope
        model.embeddingScale = try need(reader.float())
        model.residualScale = try need(reader.float())
        model.logitScale = try need(reader.float())
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
