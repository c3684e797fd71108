// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import TestSupport
import Testing

@Suite struct ShardManifestTests {
    static func model(layers: Int = 4, isTied: Bool = true) -> ModelDescription {
        ModelDescription(
            name: "stories",
            shape: .init(
                layerCount: layers, hiddenSize: 256, feedForwardSize: 768, headCount: 8,
                keyValueHeadCount: 2, headSize: 32, vocabularySize: 2048, hasSubNorms: true),
            contextLength: 1024, normEpsilon: 1e-5, ropeBase: 10_000, activation: .squaredReLU,
            rotaryPairing: .halves, hasTiedHead: isTied)
    }

    static func manifest(_ model: ModelDescription, _ first: Int, _ end: Int) throws -> ShardManifest {
        let layers = try #require(LayerRange(first: first, end: end))
        let parts = ShardManifest.kinds(layers: layers, of: model).map { kind in
            let isShared = model.hasTiedHead && (kind == .embedding || kind == .head)
            let text = isShared ? "table" : "\(kind)"
            return PartReference(kind: kind, digest: ContentDigest.of(Array(text.utf8)), byteCount: 1 << 20)
        }
        return ShardManifest(model: model, layers: layers, parts: parts)
    }

    /// With something of everything that a plain model lacks.
    static func groupModel(
        rope: RopeScaling = .yarn(
            factor: 4, originalContext: 64, betaFast: 32, betaSlow: 1, attentionFactor: 1.125)
    ) -> ModelDescription {
        var model = model()
        model.hasHeadNorms = true
        model.matrixEncoding = .t5Group128
        model.activationGroup = 128
        model.rope = rope
        model.embeddingScale = 12
        model.residualScale = 0.25
        model.logitScale = 4
        return model
    }

    @Test(
        arguments: [
            .none, .linear(factor: 2),
            .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192),
            .yarn(factor: 4, originalContext: 64, betaFast: 32, betaSlow: 1, attentionFactor: 1.125),
        ] as [RopeScaling])
    func `a model that is not plain round-trips in version 2`(rope: RopeScaling) throws {
        let manifest = try Self.manifest(Self.groupModel(rope: rope), 0, 4)
        let bytes = manifest.encoded()
        #expect(bytes[4] == 2)
        #expect(try ShardManifest(decoding: bytes) == manifest)
        #expect(try Self.manifest(Self.model(), 0, 4).encoded()[4] == 1)
    }

    @Test func `every fact that a plain model lacks changes the id, and the fingerprint of its texts`() throws
    {
        let changes: [(inout ModelDescription) -> Void] = [
            { $0.hasHeadNorms = false }, { $0.matrixEncoding = .t5Group128Half },
            {
                $0.matrixEncoding = .t5Group64
                $0.activationGroup = 64
            }, { $0.rope = .none }, { $0.rope = .linear(factor: 4) }, { $0.embeddingScale = 11 },
            { $0.residualScale = 1 }, { $0.logitScale = 5 },
        ]
        let settings = StageSettings(
            cache: CacheShape(slots: 1, context: 64, type: .f16), stepTokensMax: 1, headType: .exact)
        var ids: Set<ContentDigest> = []
        var fingerprints: Set<String> = []
        for change in changes + [{ _ in }] {
            var model = Self.groupModel()
            change(&model)
            let manifest = try Self.manifest(model, 0, 4)
            #expect(try ShardManifest(decoding: manifest.encoded()) == manifest)
            ids.insert(manifest.id)
            fingerprints.insert(manifest.fingerprint(settings, cuts: []))
        }
        #expect(ids.count == changes.count + 1 && fingerprints.count == changes.count + 1)
    }

    @Test func `the manifest of a plain model has one form`() throws {
        let plain = try Self.manifest(Self.model(), 0, 4).encoded()
        let full = try Self.manifest(Self.groupModel(rope: .none), 0, 4).encoded()
        let start = 4 + 4 + 2 + 7 + 32 + 8 + 4
        let length = full.count - plain.count
        var further = Array(full[start..<start + length])
        // No head norms, T5 with one scale, activations by token, scales 1.
        further.replaceSubrange(0..<4, with: [0, 0, 0, 0])
        for index in 0..<3 {
            let place = length - 12 + 4 * index
            further.replaceSubrange(place..<place + 4, with: [0, 0, 0x80, 0x3F])
        }
        var bytes = Array(plain[..<start]) + further + plain[start...]
        bytes[4] = 2
        let error = #expect(throws: ManifestError.self) { try ShardManifest(decoding: bytes) }
        #expect(error?.reason.contains("plain") == true)
    }

    @Test(arguments: [(0, 4), (0, 2), (1, 3), (2, 4), (3, 4)], [true, false])
    func `a manifest round-trips and keeps its id`(range: (Int, Int), isTied: Bool) throws {
        let manifest = try Self.manifest(Self.model(isTied: isTied), range.0, range.1)
        let decoded = try ShardManifest(decoding: manifest.encoded())
        #expect(decoded == manifest)
        #expect(decoded.id == manifest.id)
        var other = manifest
        other.model.normEpsilon = 1e-6
        #expect(other.id != manifest.id)
    }

    @Test func `the largest manifest fits a control message`() throws {
        var model = Self.model(layers: Limits.layersMax)
        model.name = String(repeating: "n", count: Limits.nameBytesMax)
        let manifest = try Self.manifest(model, 0, Limits.layersMax)
        let bytes = manifest.encoded()
        #expect(bytes.count <= 60_000)
        #expect(bytes.count < Limits.controlBytesMax)
        #expect(try ShardManifest(decoding: bytes) == manifest)
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let apply: @Sendable (inout ShardManifest) -> Void

        init(_ name: String, _ apply: @escaping @Sendable (inout ShardManifest) -> Void) {
            testDescription = name
            self.apply = apply
        }
    }

    static let changes: [Change] = [
        Change("a name one byte too long") { $0.model.name = String(repeating: "n", count: 65) },
        Change("a model that cannot be run") { $0.model.headSize = 33 },
        Change("a width beyond the limit") { $0.model.hiddenSize = Limits.hiddenSizeMax + 1 },
        Change("layers beyond the model") { $0.model.layerCount = 3 },
        Change("a part missing") { $0.parts.removeLast() },
        Change("a part too many") { $0.parts.append($0.parts[0]) },
        Change("parts in another order") { $0.parts.swapAt(1, 2) },
        Change("another layer") { $0.parts[1].kind = .layer(9) },
        Change("an empty part") { $0.parts[0].byteCount = 0 },
        Change("a part beyond the limit") { $0.parts[1].byteCount = Limits.partBytesMax + 1 },
        Change("a tied head of its own") { $0.parts[$0.parts.count - 1].digest = ContentDigest.of([1]) },
        Change("norm epsilon NaN") { $0.model.normEpsilon = .nan },
        Change("matrices that are not ternary") { $0.model.matrixEncoding = .q8Zero },
        Change("an odd activation group") { $0.model.activationGroup = 32 },
        Change("groups of weights and of activations that differ") {
            $0.model.matrixEncoding = .t5Group64
            $0.model.activationGroup = 128
        },
        Change("a group that divides no row") {
            $0.model.feedForwardSize = 800
            $0.model.activationGroup = 64
        },
        Change("an infinite rope factor") { $0.model.rope = .linear(factor: .infinity) },
        Change("YaRN of no context") {
            $0.model.rope = .yarn(
                factor: 4, originalContext: 0, betaFast: 32, betaSlow: 1, attentionFactor: 1)
        },
        Change("betas the wrong way round") {
            $0.model.rope = .yarn(
                factor: 4, originalContext: 64, betaFast: 1, betaSlow: 32, attentionFactor: 1)
        },
        Change("equal frequency factors") {
            $0.model.rope = .llama3(
                factor: 8, lowFrequencyFactor: 4, highFrequencyFactor: 4, originalContext: 8192)
        },
        Change("a logit scale of 0") { $0.model.logitScale = 0 },
        Change("a residual scale that is no number") { $0.model.residualScale = .nan },
    ]

    @Test(arguments: changes)
    func `a manifest that makes no sense is refused`(change: Change) throws {
        var manifest = try Self.manifest(Self.model(), 0, 4)
        change.apply(&manifest)
        let bytes = manifest.encoded()
        #expect(throws: ManifestError.self) { try ShardManifest(decoding: bytes) }
    }

    @Test func `limits hold at the limit`() throws {
        var manifest = try Self.manifest(Self.model(), 0, 4)
        manifest.parts[1].byteCount = Limits.partBytesMax
        manifest.model.name = String(repeating: "n", count: Limits.nameBytesMax)
        #expect(try ShardManifest(decoding: manifest.encoded()) == manifest)
    }

    @Test func `a manifest cut at any byte or one byte too long is refused`() throws {
        for model in [Self.model(), Self.groupModel()] {
            let bytes = try Self.manifest(model, 0, 4).encoded()
            for length in 0..<bytes.count {
                #expect(throws: ManifestError.self) { try ShardManifest(decoding: Array(bytes[..<length])) }
            }
            #expect(throws: ManifestError.self) { try ShardManifest(decoding: bytes + [0]) }
        }
    }

    @Test(arguments: [model(isTied: false), groupModel()])
    func `ten thousand mutations of a manifest never trap, and what is accepted is canonical`(
        model: ModelDescription
    ) throws {
        let good = try Self.manifest(model, 0, 4).encoded()
        var mutator = Mutator(seed: 3)
        var accepted = 0
        for _ in 0..<10_000 {
            var bytes = good
            mutator.change(&bytes, in: 0..<90)
            guard let manifest = try? ShardManifest(decoding: bytes) else { continue }
            accepted += 1
            #expect(manifest.encoded() == bytes)
        }
        #expect((1..<9_000).contains(accepted))
    }
}
