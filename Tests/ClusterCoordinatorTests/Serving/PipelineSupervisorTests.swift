// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import ClusterCoordinator
import ClusterTestSupport
import Logging
import Testing
import TextGeneration

/// A pipeline's life: it comes up, is lost, comes up again, and is stopped whenever that is wanted.
@Suite(.timeLimit(.minutes(5))) struct PipelineSupervisorTests {
    private let pipelines = PlayedPipelines()

    private func supervisor(
        restartDelays: ClosedRange<Duration> = .microseconds(1)...(.microseconds(4)),
        failoverTimeout: Duration = .seconds(600), startTimeout: Duration = .seconds(600)
    ) throws -> PipelineSupervisor {
        try PipelineSupervisor(
            cluster: "demo",
            model: ModelStatus(
                name: "m", parameterCount: 7, layerCount: 3, hiddenSize: 256, vocabularySize: 2048,
                contextLength: 512, cacheType: "f16"),
            workers: [
                .init(name: "a", address: "10.0.0.1:7101"), .init(name: "b", address: "10.0.0.2:7101"),
            ],
            generator: PlayedPipelines.generator(),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, restartDelays: restartDelays,
            failoverTimeout: failoverTimeout, startTimeout: startTimeout)
    }

    /// What happened, in order.
    private struct Events: Sendable {
        let stream: AsyncStream<EventRecord>

        /// The next of them; `nil` once no more come.
        func next() async -> EventRecord? {
            for await event in stream { return event }
            return nil
        }
    }

    /// Runs `body` beside the supervisor; both must come to their end.
    ///
    /// - Returns: why the supervisor ended.
    private func run(
        _ supervisor: PipelineSupervisor,
        _ body: (Task<Void, any Error>, Events) async throws -> Void
    ) async throws -> (any Error)? {
        let events = Events(stream: supervisor.events.events(after: 0))
        let bringUp = pipelines.bringUp
        let task = Task { try await supervisor.run(bringUp) }
        defer { task.cancel() }
        try await body(task, events)
        // Nobody waits for events for ever.
        while await events.next() != nil {}
        guard case .failure(let error) = await task.result else { return nil }
        return error
    }

    private let lost = ClusterError(.lost, "worker b was lost", worker: "b")

    @Test func `a first pipeline that cannot come up ends it`() async throws {
        let supervisor = try supervisor()
        let end = try await run(supervisor) { _, events in
            try await pipelines.next().meet(.fails(ClusterError(.join, "gave up", worker: "a")))
            let event = try #require(await events.next())
            #expect(event.kind == "lost" && event.worker == "a" && event.message == "gave up")
        }
        #expect(end as? ClusterError == ClusterError(.join, "gave up", worker: "a"))
        #expect(supervisor.snapshot().state.startCount == 0)
        #expect(supervisor.health.state == .down)
    }

    @Test(arguments: [ClusterError.Code.lost, .link, .stalled])
    func `a first pipeline that is lost while it comes up is tried again`(
        code: ClusterError.Code
    ) async throws {
        let supervisor = try supervisor()
        let end = try await run(supervisor) { task, events in
            try await pipelines.next().meet(.fails(ClusterError(code, "starved", worker: "a")))
            #expect(await events.next()?.kind == "lost")
            try await pipelines.next().meet(.comesUp)
            #expect(await events.next()?.kind == "serving")
            task.cancel()
        }
        #expect(end is CancellationError)
    }

    @Test func `but not for longer than workers are waited for`() async throws {
        let supervisor = try supervisor(startTimeout: .zero)
        let end = try await run(supervisor) { _, events in
            try await pipelines.next().meet(.fails(lost))
            #expect(await events.next()?.kind == "lost")
        }
        #expect(end as? ClusterError == lost)
    }

    @Test func `who looks once layers are to move never sees the pipeline that goes`() async throws {
        let supervisor = try supervisor()
        let end = try await run(supervisor) { task, events in
            #expect(!supervisor.interrupt("too early"))
            try await pipelines.next().meet(.comesUp)
            #expect(await events.next()?.kind == "serving")
            #expect(supervisor.interrupt("all move"))
            // Whatever of it is still running.
            #expect(supervisor.health.state == .recovering)
            #expect(supervisor.health.reason?.contains("all move") == true)
            #expect(!supervisor.interrupt("twice"))
            let second = try await pipelines.next()
            #expect(await events.next()?.kind == "moving")
            second.meet(.comesUp)
            #expect(await events.next()?.kind == "serving")
            let state = supervisor.snapshot().state
            #expect(state.startCount == 2 && state.lossCount == 0 && state.failures.isEmpty)
            task.cancel()
        }
        #expect(end is CancellationError)
    }

    @Test func `one that is lost comes up again, and what was is remembered`() async throws {
        let supervisor = try supervisor()
        let end = try await run(supervisor) { task, events in
            #expect(supervisor.health.state == .starting)
            #expect(throws: GenerationError.self) { try supervisor.generator() }
            let first = try await pipelines.next()
            first.tell(.joined(worker: "b", isa: "scalar", threadCount: 1))
            #expect(await events.next()?.kind == "joined")
            #expect(supervisor.snapshot().state.joinedCount == 1)
            first.meet(.comesUp)
            #expect(await events.next()?.kind == "serving")
            #expect(supervisor.health.state == .serving)
            #expect(supervisor.plan?.slots == 2)
            let generator = try supervisor.generator()

            first.lose(lost)
            let second = try await pipelines.next()
            let event = try #require(await events.next())
            #expect(event.kind == "lost" && event.worker == "b" && event.message == "worker b was lost")
            // Who comes now waits for the next one.
            #expect(try supervisor.generator() === generator)
            #expect(supervisor.health.state == .recovering)
            #expect(supervisor.health.reason?.contains("worker b was lost") == true)
            #expect(supervisor.snapshot().state.workers.map(\.state) == [.waiting, .lost])
            #expect(supervisor.snapshot().state.failures.first?.outageSeconds == nil)
            // What was planned stays to be seen meanwhile.
            #expect(supervisor.plan?.slots == 2)

            second.meet(.comesUp)
            #expect(await events.next()?.kind == "serving")
            #expect(try supervisor.generator() === generator)
            let state = supervisor.snapshot().state
            #expect(state.startCount == 2 && state.lossCount == 1)
            #expect(state.failures.count == 1 && state.failures[0].outageSeconds != nil)
            task.cancel()
        }
        #expect(end is CancellationError)
    }

    @Test func `one that does not come up again is tried again and again, and that is one failure`()
        async throws
    {
        let supervisor = try supervisor()
        let end = try await run(supervisor) { task, events in
            let first = try await pipelines.next()
            first.meet(.comesUp)
            #expect(await events.next()?.kind == "serving")
            first.lose(lost)
            for _ in 0..<5 {
                try await pipelines.next().meet(.fails(ClusterError(.join, "gave up", worker: "b")))
            }
            try await pipelines.next().meet(.comesUp)
            var kinds: [String] = []
            while kinds.last != "serving" { kinds.append(try #require(await events.next()).kind) }
            #expect(kinds == Array(repeating: "lost", count: 6) + ["serving"])
            let state = supervisor.snapshot().state
            #expect(state.failures.map(\.message) == ["gave up", "worker b was lost"])
            #expect(state.startCount == 2 && state.lossCount == 1)
            task.cancel()
        }
        #expect(end is CancellationError)
    }

    @Test func `it may be stopped while a pipeline comes up, and that is no failure`() async throws {
        let supervisor = try supervisor()
        let end = try await run(supervisor) { task, _ in
            _ = try await pipelines.next()
            task.cancel()
        }
        #expect(end is CancellationError)
        #expect(supervisor.snapshot().state.failures.isEmpty)
        #expect(supervisor.health.state == .starting)
    }

    @Test func `it may be stopped while it waits to try again`() async throws {
        let supervisor = try supervisor(restartDelays: .seconds(600)...(.seconds(600)))
        let end = try await run(supervisor) { task, events in
            let first = try await pipelines.next()
            first.meet(.comesUp)
            #expect(await events.next()?.kind == "serving")
            first.lose(lost)
            #expect(await events.next()?.kind == "lost")
            task.cancel()
        }
        #expect(end is CancellationError)
        #expect(supervisor.snapshot().state.failures.map(\.message) == ["worker b was lost"])
    }

    private static let long = GenerationRequest(
        prompt: .tokens([9]), tokenCountMax: 40, ignoresStopTokens: true)

    /// The tokens of a generation that is read to its end.
    private static func tokens(of events: GenerationEvents) async throws -> [UInt32] {
        var tokens: [UInt32] = []
        for try await event in events { if case .token(let token) = event { tokens.append(token.id) } }
        return tokens
    }

    @Test func `who reads when a pipeline is lost reads on when the next one is there`() async throws {
        let supervisor = try supervisor()
        let end = try await run(supervisor) { task, events in
            let first = try await pipelines.next()
            first.meet(.comesUp)
            #expect(await events.next()?.kind == "serving")
            let reading = Task { [generator = try supervisor.generator()] in
                try await Self.tokens(of: generator.generate(Self.long))
            }
            let pipeline = pipelines.cameUp[0]
            try await pipeline.until("a step is under way") { $0.contains { $0.computes(0) } }
            for _ in 0..<7 { _ = pipeline.answer() }
            first.lose(lost)
            #expect(await events.next()?.kind == "lost")
            let second = try await pipelines.next()
            // Who comes meanwhile waits as well.
            let waiting = Task { [generator = try supervisor.generator()] in
                try await Self.tokens(of: generator.generate(Self.long))
            }
            second.meet(.comesUp)
            #expect(await events.next()?.kind == "serving")
            let next = pipelines.cameUp[1]
            let found = try await next.answering { [try await reading.value, try await waiting.value] }
            let expected = (0..<40).map { ScriptedPipeline.token(after: $0) }
            #expect(found == [expected, expected])
            #expect(supervisor.snapshot().activity.ledger.finishedCount == 2)
            #expect(supervisor.snapshot().activity.ledger.failedCount == 0)
            task.cancel()
        }
        #expect(end is CancellationError)
    }

    @Test func `who has waited long enough is told so, and when to come back`() async throws {
        let supervisor = try supervisor(failoverTimeout: .milliseconds(20))
        let end = try await run(supervisor) { task, events in
            let first = try await pipelines.next()
            first.meet(.comesUp)
            #expect(await events.next()?.kind == "serving")
            let generation = try supervisor.generator().generate(Self.long)
            first.lose(lost)
            #expect(await events.next()?.kind == "lost")
            let error = await #expect(throws: GenerationError.self) { try await Self.tokens(of: generation) }
            #expect(error?.code == .unavailable && error?.retryAfter != nil)
            #expect(error?.message.contains("worker b was lost") == true)
            #expect(await events.next()?.kind == "down")
            #expect(supervisor.health.state == .down)
            #expect(throws: GenerationError.self) { try supervisor.generator() }
            // It is tried again all the same.
            try await pipelines.next().meet(.comesUp)
            #expect(await events.next()?.kind == "serving")
            _ = try supervisor.generator()
            task.cancel()
        }
        #expect(end is CancellationError)
    }

    @Test func `nobody more is served while it drains, and everybody afterwards`() async throws {
        let supervisor = try supervisor()
        let end = try await run(supervisor) { task, events in
            let first = try await pipelines.next()
            first.meet(.comesUp)
            #expect(await events.next()?.kind == "serving")
            supervisor.drain(true)
            supervisor.drain(true)
            #expect(await events.next()?.kind == "draining")
            let refusal = #expect(throws: GenerationError.self) { try supervisor.generator() }
            #expect(refusal?.code == .unavailable)
            #expect(supervisor.health.state == .draining)
            supervisor.drain(false)
            #expect(await events.next()?.kind == "serving")
            _ = try supervisor.generator()
            task.cancel()
        }
        #expect(end is CancellationError)
    }
}
