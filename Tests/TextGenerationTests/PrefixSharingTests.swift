// SPDX-License-Identifier: MIT

import BitNetCore
import Testing
import TextGeneration

@Suite struct PrefixSharingTests {
    private static func prompt(_ count: Int, seed: Int = 0) -> [UInt32] {
        (0..<count).map { UInt32(($0 * 7 + seed) % 50) }
    }

    private static func expectUnchanged(_ run: ScheduleRun, _ requests: [SequenceRequest]) {
        #expect(run.pipeline.complaints == [])
        for request in requests {
            #expect(
                run.transcripts[request.id]
                    == HashModel.alone(request, contextLength: run.pipeline.contextLength))
        }
    }

    @Test func `a conversation that goes on computes only what is new`() {
        var run = ScheduleRun(stages: 2, slots: 2, context: 200)
        let first = SequenceRequest.numbered(0, prompt: Self.prompt(40), tokens: 10)
        run.submit(first)
        run.drain()
        let said = run.transcripts[0]?.tokens ?? []
        let next = SequenceRequest.numbered(1, prompt: first.prompt + said + [3, 4, 5], tokens: 5)
        run.submit(next)
        run.drain()
        // The last token was returned but never fed back, so no stage has computed it.
        #expect(run.shared == [1: 40 + 9])
        Self.expectUnchanged(run, [first, next])
    }

    @Test func `the beginning of a prompt that is still running is copied`() {
        var run = ScheduleRun(stages: 1, slots: 2, context: 400, chunk: 8)
        let first = SequenceRequest.numbered(0, prompt: Self.prompt(60), tokens: 100)
        run.submit(first)
        for _ in 0..<20 { _ = run.step() }
        let second = SequenceRequest.numbered(1, prompt: Self.prompt(50) + [1, 2], tokens: 4)
        run.submit(second)
        run.drain()
        #expect(run.shared == [1: 50])
        Self.expectUnchanged(run, [first, second])
    }

    @Test func `many that begin alike and come at once compute the beginning once`() {
        var run = ScheduleRun(stages: 3, slots: 8, context: 300, chunk: 16)
        let requests = (0..<8 as Range<UInt64>).map {
            SequenceRequest.numbered($0, prompt: Self.prompt(100) + [UInt32($0)], tokens: 6)
        }
        for request in requests { run.submit(request) }
        run.drain()
        #expect(run.shared.count == 7)
        #expect(run.shared.values.allSatisfy { $0 == 100 })
        #expect(run.pipeline.steps.flatMap(\.entries).count == 100 + 8 * 6)
        Self.expectUnchanged(run, requests)
    }

    @Test func `the token whose outcome is asked for is always computed`() {
        var run = ScheduleRun(stages: 1, slots: 1, context: 200)
        let requests = (0..<3 as Range<UInt64>).map {
            SequenceRequest.numbered($0, prompt: Self.prompt(40), tokens: 3)
        }
        for request in requests {
            run.submit(request)
            run.drain()
        }
        #expect(run.shared == [1: 39, 2: 39])
        Self.expectUnchanged(run, requests)
    }

    @Test func `a prompt that is scored is computed to the last token`() {
        var run = ScheduleRun(stages: 1, slots: 1, context: 200)
        let first = SequenceRequest.numbered(0, prompt: Self.prompt(40), tokens: 3)
        let scored = SequenceRequest.numbered(1, prompt: Self.prompt(40), tokens: 0, scores: true)
        for request in [first, scored] {
            run.submit(request)
            run.drain()
        }
        #expect(run.shared == [:])
        Self.expectUnchanged(run, [first, scored])
    }

    @Test func `one prompt many times at once is computed once`() {
        var run = ScheduleRun(stages: 2, slots: 6, context: 200, chunk: 16)
        let requests = (0..<6 as Range<UInt64>).map {
            SequenceRequest.numbered($0, prompt: Self.prompt(100), tokens: 5)
        }
        for request in requests { run.submit(request) }
        run.drain()
        // All but the last token, whose outcome each of them asks for.
        #expect(run.shared.count == 5)
        #expect(run.shared.values.allSatisfy { $0 == 99 })
        #expect(run.pipeline.steps.flatMap(\.entries).count == 99 + 6 * 5)
        Self.expectUnchanged(run, requests)
    }

    @Test
    func `of many equal prompts those that are scored take over nothing, and others take over from them`() {
        var run = ScheduleRun(stages: 2, slots: 6, context: 200, chunk: 16)
        let requests = (0..<6 as Range<UInt64>).map {
            SequenceRequest.numbered(
                $0, prompt: Self.prompt(100), tokens: 5, scores: $0 % 2 == 0, alternatives: 2)
        }
        for request in requests { run.submit(request) }
        run.drain()
        #expect(run.shared == [1: 99, 3: 99, 5: 99])
        Self.expectUnchanged(run, requests)
    }

    @Test(arguments: [(15, 0), (16, 16)]) func `few tokens are not worth asking for`(
        common: Int, shared: Int
    ) {
        var run = ScheduleRun(stages: 1, slots: 2, context: 200)
        let requests = [
            SequenceRequest.numbered(0, prompt: Self.prompt(common) + [1, 1, 1], tokens: 2),
            SequenceRequest.numbered(1, prompt: Self.prompt(common) + [2, 2, 2], tokens: 2),
        ]
        for request in requests {
            run.submit(request)
            run.drain()
        }
        #expect(run.shared[1] ?? 0 == shared)
        Self.expectUnchanged(run, requests)
    }

    @Test func `what others may want again stays as long as there is another slot`() {
        var run = ScheduleRun(stages: 1, slots: 2, context: 200)
        let long = SequenceRequest.numbered(0, prompt: Self.prompt(80), tokens: 2)
        let short = SequenceRequest.numbered(1, prompt: Self.prompt(30) + [9], tokens: 2)
        let again = SequenceRequest.numbered(2, prompt: Self.prompt(80) + [9], tokens: 2)
        for request in [long, short, again] {
            run.submit(request)
            run.drain()
        }
        #expect(run.shared == [1: 30, 2: 80])
        Self.expectUnchanged(run, [long, short, again])
    }

    @Test func `what a cancelled prompt has computed so far can be taken over`() {
        var run = ScheduleRun(stages: 2, slots: 1, context: 200, chunk: 20)
        run.submit(.numbered(0, prompt: Self.prompt(100), tokens: 2))
        run.cancel(0)
        let next = SequenceRequest.numbered(1, prompt: Self.prompt(100), tokens: 2)
        run.submit(next)
        run.drain()
        #expect(run.shared == [1: 60], "three chunks of twenty were on their way")
        Self.expectUnchanged(run, [next])
    }
}
