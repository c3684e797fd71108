// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterWire
import ClusterWorker
import Testing

/// What waits for the connection to the next stage.
@Suite struct DownstreamTests {
    private func send(_ byteCount: Int, on downstream: Downstream) throws -> Bool {
        let frame = try Frame(type: .step, payload: [UInt8](repeating: 0, count: byteCount))
        return downstream.send(frame) {}
    }

    @Test func `so many frames wait, and one more is the end`() throws {
        let downstream = Downstream()
        for _ in 0..<Limits.stageQueueStepsMax { #expect(try send(1, on: downstream)) }
        #expect(try !send(1, on: downstream))
        // That was said once.
        #expect(try send(1, on: downstream))
    }

    @Test func `so many bytes wait, headers included, and one more is the end`() throws {
        let header = try Frame(type: .step, payload: []).header.frameByteCount
        let half = Limits.activationBytesMax / 2 - header
        for surplus in [0, 1] {
            let downstream = Downstream()
            #expect(try send(half, on: downstream))
            #expect(try send(half + surplus, on: downstream) == (surplus == 0))
        }
    }

    @Test func `nothing waits after the end`() throws {
        let downstream = Downstream()
        downstream.close()
        for _ in 0...Limits.stageQueueStepsMax { #expect(try send(1, on: downstream)) }
    }
}
