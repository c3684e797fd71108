// SPDX-License-Identifier: MIT
import BitNetCore
import Testing

@Suite struct StageCountersTests {
    private static func trace(_ compute: UInt32, idle: UInt32, queued: UInt32) -> StageTrace {
        StageTrace(
            computeMicros: compute, idleMicros: idle, queuedMicros: queued, sendingMicros: 2,
            receivedBytes: 10)
    }

    @Test func `figures add up, and a later state less an earlier one is what happened between`() {
        var counters = StageCounters()
        counters.add(Self.trace(30, idle: 10, queued: 0))
        let earlier = counters
        counters.add(Self.trace(50, idle: 0, queued: 1))
        counters.add(Self.trace(10, idle: 40, queued: 3))
        let between = counters - earlier
        #expect(between.stepCount == 2)
        #expect(between.computeMicros == 60)
        #expect(between.idleMicros == 40)
        #expect(between.sendingMicros == 4)
        #expect(between.receivedBytes == 20)
        #expect(between.busyFraction == 0.6)
        #expect(counters - counters == StageCounters())
        #expect(StageCounters().busyFraction == 0)
    }

    @Test func `a step is ahead if it came while the stage was computing the one before`() {
        var counters = StageCounters()
        // Came 5 µs after the step before was done, and lay 5 µs until somebody woke up.
        counters.add(Self.trace(100, idle: 10, queued: 5))
        #expect(counters.aheadStepCount == 0)
        // Came 90 µs before the step before was done.
        counters.add(Self.trace(100, idle: 10, queued: 100))
        #expect(counters.aheadStepCount == 1)
    }
}

@Suite struct OutcomeRelayTests {
    private struct Broken: Error {}

    private static func outcome(_ id: UInt64) -> StepOutcome { StepOutcome(id: id, results: [], traces: []) }

    @Test func `what came before there was a consumer comes first`() async throws {
        let relay = OutcomeRelay()
        for id in 0..<3 as Range<UInt64> { relay.deliver(Self.outcome(id)) }
        let (ids, continuation) = AsyncStream<UInt64>.makeStream()
        async let end: Void = relay.run { continuation.yield($0.id) }
        var received: [UInt64] = []
        for await id in ids {
            received.append(id)
            if id == 2 { relay.deliver(Self.outcome(3)) }
            if id == 3 { break }
        }
        relay.finish()
        relay.deliver(Self.outcome(4))
        try await end
        #expect(received == [0, 1, 2, 3])
    }

    @Test func `the consumer learns why a pipeline ended, even if it had ended before`() async {
        let relay = OutcomeRelay()
        relay.finish(throwing: Broken())
        relay.finish()
        await #expect(throws: Broken.self) { try await relay.run { _ in } }
    }

    @Test func `cancelling ends the wait`() async throws {
        let relay = OutcomeRelay()
        let task = Task { try await relay.run { _ in } }
        task.cancel()
        try await task.value
    }
}
