// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetSynthesis
import Glibc
import ModelTestSupport
import TestSupport
import Testing

/// A model on disk and a directory for a store.
private struct StoreFixture {
    let models: TemporaryFolder
    let store: TemporaryFolder

    init(seed: UInt64 = 7) async throws {
        models = try await written(smallModel(seed: seed) { $0.isTied = true }, SyntheticFormat(.tq2))
        store = try TemporaryFolder()
    }

    func model(options: ModelOptions = .init()) throws -> ModelFile {
        try ModelFile(path: "\(models.path)/model.gguf", options: options)
    }

    func packed(_ model: ModelFile, quota: UInt64 = 1 << 30) throws -> PackedModel {
        try PackedModel(file: model, store: ModelStore(directory: store.path, quota: quota)) { _ in }
    }

    var parts: [String] { FileSystem.entries(of: store.path + "/parts") }
}

@Suite struct ModelStoreTests {
    @Test func `a second start converts nothing and gives the same parts`() async throws {
        let fixture = try await StoreFixture()
        let first = try fixture.packed(fixture.model())
        #expect(!first.wasKept)
        let second = try fixture.packed(fixture.model())
        #expect(second.wasKept)
        let layers = try #require(LayerRange(first: 0, end: 2))
        #expect(first.manifest(layers: layers) == second.manifest(layers: layers))
        for kind in ModelFile.kinds(of: first.file.description) {
            let made = try first.file.pack(kind).withBytes { [UInt8]($0) }
            let kept = try second.part(kind).withBytes { [UInt8]($0) }
            #expect(made == kept)
        }
        // The tied head is the embedding's file.
        #expect(fixture.parts.count == 4)
    }

    @Test func `other options and a changed file are other models`() async throws {
        let fixture = try await StoreFixture()
        _ = try fixture.packed(fixture.model())
        var options = ModelOptions()
        options.quantisesMasters = true
        #expect(
            try fixture.model(options: options).fingerprint(version: 1)
                != fixture.model().fingerprint(version: 1))
        let before = try fixture.model().fingerprint(version: 1)
        FileSystem.touch("\(fixture.models.path)/model.gguf")
        #expect(try fixture.model().fingerprint(version: 1) != before)
        #expect(try !fixture.packed(fixture.model()).wasKept)
    }

    @Test func `a part that was altered or lost is made again`() async throws {
        let fixture = try await StoreFixture()
        let packed = try fixture.packed(fixture.model())
        let expected = try packed.file.pack(.layer(1)).withBytes { [UInt8]($0) }
        for name in fixture.parts {
            let file = try FileDescriptor(path: "\(fixture.store.path)/parts/\(name)", flags: O_RDWR)
            try file.write([0xFF, 0xFF, 0xFF])
        }
        #expect(try packed.part(.layer(1)).withBytes { [UInt8]($0) } == expected)
        for name in fixture.parts { unlink("\(fixture.store.path)/parts/\(name)") }
        #expect(try packed.part(.layer(1)).withBytes { [UInt8]($0) } == expected)
        #expect(try !fixture.packed(fixture.model()).wasKept)
    }

    @Test func `parts that were not used for longest make room, those in use stay`() async throws {
        let fixture = try await StoreFixture()
        let first = try fixture.packed(fixture.model())
        let old = Set(fixture.parts)
        let other = try await written(smallModel(seed: 8), SyntheticFormat(.tq2))
        let model = try ModelFile(path: "\(other.path)/model.gguf")
        let size = first.file.partByteCounts.reduce(0) { $0 + $1.byteCount }
        _ = try fixture.packed(model, quota: size)
        #expect(!fixture.parts.isEmpty)
        #expect(Set(fixture.parts).isDisjoint(with: old))
        #expect(try fixture.packed(model, quota: size).wasKept)
    }

    @Test func `what is not a part is not removed, whatever the quota`() async throws {
        let fixture = try await StoreFixture()
        _ = try ModelStore(directory: fixture.store.path, quota: 0)
        try fixture.store.write("mine", to: "parts/letter.txt")
        let packed = try fixture.packed(fixture.model(), quota: 1)
        #expect(fixture.parts.contains("letter.txt"))
        #expect(packed.manifest(layers: try #require(LayerRange(first: 0, end: 2))).parts.count == 5)
    }

    @Test func `a model larger than the quota is not kept, and the reason is said`() async throws {
        let fixture = try await StoreFixture()
        let store = try ModelStore(directory: fixture.store.path, quota: 1000)
        #expect(store.obstacle(to: try fixture.model())?.contains("1000") == true)
        _ = try fixture.packed(fixture.model())
        // What is there already needs no room.
        #expect(store.obstacle(to: try fixture.model()) == nil)
        let roomy = try ModelStore(directory: fixture.store.path, quota: 1 << 30)
        #expect(roomy.obstacle(to: try fixture.model()) == nil)
        #expect(roomy.obstacle(to: try openModel(TinyModel.builder().bytes)) != nil)
    }

    @Test func `while another process converts, this one does without the store`() async throws {
        let fixture = try await StoreFixture()
        _ = try ModelStore(directory: fixture.store.path, quota: 1 << 30)
        let lock = try #require(try PartStore.lock(fixture.store.path))
        #expect(try !fixture.packed(fixture.model()).wasKept)
        #expect(fixture.parts.isEmpty)
        withExtendedLifetime(lock) {}
    }

    @Test func `parts become known one after another, those needed first before the others`() async throws {
        let fixture = try await StoreFixture()
        let packed = try PackedModel(
            file: fixture.model(), store: ModelStore(directory: fixture.store.path, quota: 1 << 30))
        let head = Task { try await packed.reference(of: .head) }
        let layer = Task { try await packed.reference(of: .layer(1)) }
        try packed.convert(order: [.layer(1), .head]) { _ in }
        // The head of this model is its embedding.
        #expect(try await head.value.digest == packed.reference(of: .embedding).digest)
        #expect(try await layer.value.kind == .layer(1))
        #expect(try await packed.reference(of: .outputNorm).kind == .outputNorm)
    }

    @Test func `a conversion that is stopped ends every wait, and so does one that fails`() async throws {
        let fixture = try await StoreFixture()
        let stopped = try PackedModel(file: fixture.model())
        let wait = Task { try await stopped.reference(of: .layer(0)) }
        stopped.stop()
        await #expect(throws: CancellationError.self) { try await wait.value }
        #expect(throws: CancellationError.self) { try stopped.convert { _ in } }
        await #expect(throws: CancellationError.self) { try await stopped.reference(of: .layer(1)) }
    }

    @Test func `a wait for a part ends with the task that waits`() async throws {
        let packed = try PackedModel(file: try await StoreFixture().model())
        let wait = Task { try await packed.reference(of: .layer(0)) }
        wait.cancel()
        await #expect(throws: CancellationError.self) { try await wait.value }
    }

    @Test func `what a conversion that was killed left behind is removed by the next`() async throws {
        let fixture = try await StoreFixture()
        _ = try ModelStore(directory: fixture.store.path, quota: 1 << 30)
        try fixture.store.write("half a layer", to: "partial/layer-77.making")
        _ = try fixture.packed(fixture.model())
        #expect(FileSystem.entries(of: fixture.store.path + "/partial").isEmpty)
    }

    @Test func `a conversion that fails leaves nothing behind`() async throws {
        let fixture = try await StoreFixture()
        let path = "\(fixture.models.path)/model.gguf"
        let tensor = try #require(try fixture.model().tensor(named: "blk.1.ffn_down.weight"))
        let file = try FileDescriptor(path: path, flags: O_RDWR)
        try [UInt8](repeating: 0xFF, count: 66).withUnsafeBytes {
            try file.write($0, at: UInt64(tensor.offset))
        }
        let error = #expect(throws: ModelFileError.self) { try fixture.packed(fixture.model()) }
        #expect(error?.subject == "blk.1.ffn_down.weight")
        #expect(FileSystem.entries(of: fixture.store.path + "/partial").isEmpty)
        #expect(FileSystem.entries(of: fixture.store.path + "/models").isEmpty)
    }

    @Test func `a store that fails keeps nothing, is named, and the conversion goes on`() async throws {
        let fixture = try await StoreFixture()
        let store = try ModelStore(directory: fixture.store.path, quota: 1 << 30)
        rmdir(fixture.store.path(of: "partial"))
        try fixture.store.write("in the way", to: "partial")
        let packed = try PackedModel(file: fixture.model(), store: store) { _ in }
        let failure = try #require(packed.storeFailure)
        #expect(failure.path.hasPrefix(fixture.store.path(of: "partial")))
        let kept = try PackedModel(file: fixture.model()) { _ in }
        #expect(packed.manifest?.parts.map(\.digest) == kept.manifest?.parts.map(\.digest))
        #expect(try packed.part(.layer(0)).reference == kept.part(.layer(0)).reference)
    }
}
