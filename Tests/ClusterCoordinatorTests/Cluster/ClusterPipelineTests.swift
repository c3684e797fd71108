// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import ClusterTestSupport
import ClusterTransport
import ClusterWire
import Synchronization
import Testing

/// What becomes of outcomes and failures, in whatever order they come.
@Suite(.timeLimit(.minutes(5))) struct ClusterPipelineTests {
    /// A pipeline of two stages, and the workers' ends of its connections.
    private struct Setting {
        let pipeline: ClusterPipeline
        let first: FrameConnection
        let last: FrameConnection

        func sendStep(_ id: UInt64) {
            let entry = StepEntry(slot: 0, position: 0, token: 1, output: .sample)
            pipeline.send(.step(Step(id: id, entries: [entry])))
        }

        /// Lets the last stage's worker return a step.
        func returnStep(_ id: UInt64, stageCount: Int = 2) {
            let trace = StageTrace(
                computeMicros: 1, idleMicros: 1, queuedMicros: 1, sendingMicros: 1, receivedBytes: 1)
            let traces = [StageTrace](repeating: trace, count: stageCount)
            do {
                last.send(try OutcomeFrame.encode(StepOutcome(id: id, results: [], traces: traces)))
            } catch {
                Issue.record(error)
            }
        }

        /// What came back until the pipeline ended, and why it did.
        func run() async -> (ids: [UInt64], end: ClusterError?) {
            let ids = Mutex<[UInt64]>([])
            do {
                try await pipeline.run { outcome in ids.withLock { $0.append(outcome.id) } }
                return (ids.withLock { $0 }, nil)
            } catch {
                return (ids.withLock { $0 }, error as? ClusterError)
            }
        }
    }

    private func withSetting(_ body: (Setting) async throws -> Void) async throws {
        try await withConnections(2) { ends in
            let pipeline = ClusterPipeline(stageCount: 2, steps: ends[0].near, results: ends[1].near)
            try await body(Setting(pipeline: pipeline, first: ends[0].far, last: ends[1].far))
        }
    }

    private let lost = ClusterError(.lost, "worker b was lost", worker: "b")

    @Test func `what is sent reaches the first stage in order`() async throws {
        try await withSetting { setting in
            setting.pipeline.send(.open(Opening(slot: 0, sampling: .init(), promptTokenCount: 1)))
            setting.sendStep(1)
            setting.pipeline.send(.close(slot: 0))
            var types: [FrameType] = []
            for _ in 0..<3 { types.append(try await setting.first.next(within: .seconds(600)).type) }
            #expect(types == [.opening, .step, .closing])
        }
    }

    @Test func `outcomes are handed on as they come, those before the first reader as well`() async throws {
        try await withSetting { setting in
            for id in [1, 2, 3] as [UInt64] { setting.sendStep(id) }
            // Which of them may come is the schedule's concern.
            for id in [2, 1, 3] as [UInt64] { setting.returnStep(id) }
            // One more ends it.
            setting.returnStep(3)
            let (ids, end) = await setting.run()
            #expect(ids == [2, 1, 3])
            #expect(end?.code == .fault)
            #expect(end?.message == "the last stage returned step 3, though none was under way")
        }
    }

    @Test func `an outcome of other than all stages is a fault`() async throws {
        try await withSetting { setting in
            setting.sendStep(7)
            setting.returnStep(7, stageCount: 1)
            let (ids, end) = await setting.run()
            #expect(ids.isEmpty && end?.message == "step 7 passed 1 stages instead of 2")
        }
    }

    @Test func `what is not an outcome is a fault, on either connection`() async throws {
        try await withSetting { setting in
            setting.last.send(Frame(type: .probed))
            #expect(await setting.run().end?.message == "the last stage sent a probed instead of an outcome")
        }
        try await withSetting { setting in
            setting.last.send(try Frame(type: .outcome, payload: [1, 2, 3]))
            let message = await setting.run().end?.message
            #expect(message?.hasPrefix("the last stage sent an outcome that cannot be read") == true)
        }
        try await withSetting { setting in
            setting.first.send(Frame(type: .probed))
            #expect(
                await setting.run().end?.message == "the first stage sent a probed on the step connection")
        }
    }

    @Test func `outcomes that come after a failure are dropped`() async throws {
        try await withSetting { setting in
            setting.sendStep(1)
            setting.pipeline.fail(lost)
            setting.returnStep(1)
            // It is read: the connection's frames come in order.
            setting.last.send(Frame(type: .probed))
            let (ids, end) = await setting.run()
            #expect(ids.isEmpty && end == lost)
        }
    }

    @Test func `the first failure counts`() async throws {
        try await withSetting { setting in
            setting.pipeline.fail(lost)
            setting.pipeline.fail(ClusterError(.fault, "another"))
            #expect(await setting.run().end == lost)
        }
    }

    @Test func `a broken connection waits for who is to blame`() async throws {
        try await withSetting { setting in
            setting.last.close()
            setting.first.close()
            try await setting.last.closed()
            let run = Task { await setting.run().end }
            setting.pipeline.fail(lost)
            #expect(await run.value == lost)
        }
    }

    @Test func `a broken connection that nobody is to blame for ends the pipeline as well`() async throws {
        try await withSetting { setting in
            setting.last.close()
            let end = await setting.run().end
            #expect(end?.code == .link && end?.message.hasPrefix("last stage: ") == true)
        }
    }

    @Test func `a pipeline that is closed ends without a failure`() async throws {
        try await withSetting { setting in
            await setting.pipeline.close()
            let (ids, end) = await setting.run()
            #expect(ids.isEmpty && end == nil)
            try await setting.first.closed()
            try await setting.last.closed()
        }
    }

    // MARK: Failures that come before there is a pipeline

    @Test func `a failure before there is a pipeline ends it at once, the earliest of them`() async throws {
        try await withSetting { setting in
            let relay = FailureRelay()
            relay.report(lost)
            relay.report(ClusterError(.fault, "another"))
            relay.connect(to: setting.pipeline)
            #expect(await setting.run().end == lost)
        }
    }

    @Test func `a failure that is forgotten ends nothing`() async throws {
        try await withSetting { setting in
            let relay = FailureRelay()
            relay.report(lost)
            relay.forget()
            relay.connect(to: setting.pipeline)
            let later = ClusterError(.fault, "another")
            relay.report(later)
            #expect(await setting.run().end == later)
        }
    }

    @Test func `a failure that comes later reaches the pipeline`() async throws {
        try await withSetting { setting in
            let relay = FailureRelay()
            relay.connect(to: setting.pipeline)
            relay.report(lost)
            #expect(await setting.run().end == lost)
        }
    }
}
