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
        let bytes = try Self.manifest(Self.model(), 0, 4).encoded()
        for length in 0..<bytes.count {
            #expect(throws: ManifestError.self) { try ShardManifest(decoding: Array(bytes[..<length])) }
        }
        #expect(throws: ManifestError.self) { try ShardManifest(decoding: bytes + [0]) }
    }

    @Test func `ten thousand mutations of a manifest never trap, and what is accepted is canonical`() throws {
        let good = try Self.manifest(Self.model(isTied: false), 0, 4).encoded()
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
