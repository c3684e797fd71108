// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol
import ClusterWire
import Testing

@Suite struct AssignmentCollectionTests {
    private func assignment(
        _ stage: UInt32, of workerStages: Int = 1, stages: UInt32 = 9, slots: Int = 1,
        states: ContentDigest? = nil
    ) -> Assignment {
        Assignment(
            stageIndex: stage, stageCount: stages, manifest: [1],
            settings: StageSettings(
                cache: CacheShape(slots: slots, context: 32), stepTokensMax: 8, headType: .exact),
            next: stage + 1 < stages ? "n:1" : nil, states: states, workerStageCount: workerStages)
    }

    @Test func `a single assignment is all there is`() throws {
        var collection = AssignmentCollection()
        for stage in [3, 3, 8] as [UInt32] {
            #expect(try collection.add(assignment(stage)) == [assignment(stage)])
        }
    }

    @Test func `several are complete with the last, whatever their order, and then it begins anew`() throws {
        var collection = AssignmentCollection()
        for _ in 0..<2 {
            #expect(try collection.add(assignment(5, of: 3)) == nil)
            #expect(try collection.add(assignment(8, of: 3)) == nil)
            let all = try collection.add(assignment(0, of: 3))
            #expect(all?.map(\.stageIndex) == [0, 5, 8])
        }
    }

    @Test func `those that do not belong together are refused, and forgotten`() throws {
        let first = assignment(2, of: 2)
        for other in [
            assignment(2, of: 2), assignment(4, of: 3), assignment(4), assignment(4, of: 2, stages: 7),
            assignment(4, of: 2, slots: 2),
            assignment(
                4, of: 2, states: ContentDigest([UInt8](repeating: 1, count: ContentDigest.byteCount))),
        ] {
            var collection = AssignmentCollection()
            #expect(try collection.add(first) == nil)
            #expect(throws: WireError.self) { try collection.add(other) }
            #expect(collection == AssignmentCollection())
        }
    }
}
