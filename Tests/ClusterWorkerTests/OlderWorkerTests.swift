// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterCoordinator
import ClusterWire
import ModelTestSupport
import Testing

/// Which models a worker of an earlier release can be a stage of.
@Suite struct OlderWorkerTests {
    private let worker = WorkerIdentity(name: "b", address: "10.0.0.2:7101")

    @Test(arguments: ProtocolVersion.supported)
    func `a worker of any version can serve a model of one scale a matrix`(version: UInt32) throws {
        let model = try openModel(TinyModel.builder().bytes)
        #expect(model.refusal(of: worker, version: version, build: "1.0") == nil)
    }

    @Test(arguments: ProtocolVersion.supported)
    func `a worker before version 6 is refused by name for a model of scales by group`(
        version: UInt32
    ) throws {
        let model = try openModel(GroupModel.builder().bytes)
        let refusal = model.refusal(of: worker, version: version, build: "1.0")
        #expect((refusal == nil) == (version >= 6))
        guard let refusal else { return }
        #expect(refusal.code == .refused && refusal.worker == "b")
        #expect(refusal.message.contains("worker b") && refusal.message.contains("release 1.0"))
        #expect(refusal.message.contains("version \(version)") && refusal.message.contains("version 6"))
    }

    @Test func `a ternary embedding alone needs version 6`() throws {
        var builder = GroupModel.builder(.float16, architecture: "llama")
        for layer in 0..<2 {
            for (name, rows, columns) in GroupModel.matrices(layer: layer) {
                // One scale for the matrix.
                builder.change(name) { $0.data = TinyModel.ternary16(UInt64(rows * columns), seed: 5) }
            }
        }
        builder.change("token_embd.weight") { $0.data = TinyModel.floats16(22 * 256, seed: 1) }
        #expect(try openModel(builder.bytes).isPlain)
        builder.change("token_embd.weight") {
            $0.type = 142
            $0.data = GroupModel.data(
                "token_embd.weight", rows: 22, columns: 256, GroupModel.Storage.pq2.storage)
        }
        let model = try openModel(builder.bytes)
        #expect(model.description.isPlain && !model.isPlain)
        #expect(model.refusal(of: worker, version: 5, build: "1.0") != nil)
    }
}
