// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterWorker
import Testing

/// What of a stage's weights the next stage may share.
@Suite struct ResidentPartsTests {
    /// Keeps the weights of a small model, all in one stage.
    private func kept(
        linger: Duration = .seconds(600)
    ) throws -> (parts: ResidentParts, manifest: ShardManifest) {
        let shard = try SampleShard()
        let manifest = shard.manifest
        let stage = try StageLoader.load(
            model: manifest.model, layers: manifest.layers,
            settings: StageSettings(
                cache: CacheShape(slots: 1, context: 32), stepTokensMax: 8, headType: .fast),
            kernels: Kernels(), pool: ComputePool(threadCount: 1)
        ) { kind, body in
            let digest = try #require(manifest.parts.first { $0.kind == kind }).digest
            try #require(shard.parts.first { $0.reference.digest == digest }).withBytes(body)
        }
        let parts = ResidentParts(linger: linger)
        parts.keep([(stage.weights, manifest)])
        return (parts, manifest)
    }

    @Test func `the same shard finds all of its parts, again and again until it has them`() throws {
        let (parts, manifest) = try kept()
        for _ in 0..<2 { #expect(parts.claim(manifest).count == manifest.parts.count) }
        parts.settle()
        #expect(parts.claim(manifest).isEmpty)
    }

    @Test func `what a shard does not have is freed`() throws {
        let (parts, manifest) = try kept()
        var one = manifest
        one.parts = manifest.parts.filter { $0.kind == .layer(1) }
        #expect(Array(parts.claim(one).keys) == [.layer(1)])
        #expect(Array(parts.claim(manifest).keys) == [.layer(1)])
    }

    @Test func `the same bytes under another description are not shared`() throws {
        for change: (inout ModelDescription) -> Void in [
            { $0.hiddenSize *= 2 }, { $0.feedForwardSize += 1 }, { $0.vocabularySize += 1 },
            { $0.hasSubNorms.toggle() },
        ] {
            let (parts, manifest) = try kept()
            var other = manifest
            change(&other.model)
            #expect(parts.claim(other).isEmpty)
            #expect(parts.claim(manifest).isEmpty, "nor kept beside it")
        }
    }

    @Test func `a part that claims another size is not shared`() throws {
        let (parts, manifest) = try kept()
        var other = manifest
        for index in other.parts.indices { other.parts[index].byteCount -= 1 }
        #expect(parts.claim(other).isEmpty)
    }

    @Test func `a tied head is not kept without its embedding where a stage wants both`() throws {
        let (parts, manifest) = try kept()
        try #require(manifest.model.hasTiedHead)
        var last = manifest
        last.parts.removeAll { $0.kind == .embedding }
        #expect(parts.claim(last)[.head] != nil)
        #expect(parts.claim(manifest)[.head] == nil)
    }

    @Test func `nothing is kept that shall not linger`() throws {
        let (parts, manifest) = try kept(linger: .zero)
        #expect(parts.claim(manifest).isEmpty)
    }

    // MARK: What was known of sequences

    private static let settings = StageSettings(
        cache: CacheShape(slots: 1, context: 32), stepTokensMax: 8, headType: .fast, keepsStates: true)

    /// Keeps, beside the weights, what a stage knew of three tokens.
    private func keptStates(
        linger: Duration = .seconds(600)
    ) throws -> (parts: ResidentParts, manifest: ShardManifest) {
        let shard = try SampleShard()
        let manifest = shard.manifest
        let stage = try StageLoader.load(
            model: manifest.model, layers: manifest.layers, settings: Self.settings, kernels: Kernels(),
            pool: ComputePool(threadCount: 1)
        ) { kind, body in
            let digest = try #require(manifest.parts.first { $0.kind == kind }).digest
            try #require(shard.parts.first { $0.reference.digest == digest }).withBytes(body)
        }
        try stage.open(slot: 0, sampling: .init())
        let entries = (0..<3).map { StepEntry(slot: 0, position: $0, token: $0, output: .none) }
        _ = try stage.forward(Step(id: 1, entries: entries), hop: nil, output: nil)
        let parts = ResidentParts(linger: linger)
        parts.keep([(stage.weights, manifest)])
        parts.keep([try #require(stage.leave())], named: .of([1]))
        return (parts, manifest)
    }

    private func tokenCount(
        _ parts: ResidentParts, _ manifest: ShardManifest, named name: ContentDigest? = .of([1])
    ) -> Int? {
        parts.claimStates(
            named: name, by: [manifest.layers], of: manifest.model, Self.settings, room: 0)[0]?.tokenCount
    }

    @Test func `what was known of sequences is there again and again until a stage has it`() throws {
        let (parts, manifest) = try keptStates()
        for _ in 0..<2 {
            _ = parts.claim(manifest)
            #expect(tokenCount(parts, manifest) == 3)
        }
        parts.settle()
        #expect(tokenCount(parts, manifest) == nil)
    }

    @Test(arguments: [ContentDigest.of([2]), nil])
    func `what follows from something else is of no use, and freed`(name: ContentDigest?) throws {
        let (parts, manifest) = try keptStates()
        #expect(tokenCount(parts, manifest, named: name) == nil)
        #expect(tokenCount(parts, manifest) == nil)
    }

    @Test func `what leaves too little room for something else is freed`() throws {
        let (parts, manifest) = try keptStates()
        parts.makeRoom(for: 1 << 20, within: 1 << 40)
        #expect(tokenCount(parts, manifest) == 3)
        parts.makeRoom(for: 1 << 40, within: 1 << 40)
        #expect(tokenCount(parts, manifest) == nil)
        #expect(parts.claim(manifest).isEmpty)
    }

    @Test func `nothing is known of another model, and nothing that shall not linger`() throws {
        var (parts, manifest) = try keptStates()
        var other = manifest
        other.model.vocabularySize += 1
        _ = parts.claim(other)
        #expect(tokenCount(parts, manifest) == nil)
        (parts, manifest) = try keptStates(linger: .zero)
        #expect(tokenCount(parts, manifest) == nil)
    }
}

extension ResidentParts {
    /// Of a worker with one stage.
    fileprivate func claim(_ manifest: ShardManifest) -> [PartReference.Kind: ResidentPart] {
        claim(manifest.parts, of: manifest.model)
    }
}
