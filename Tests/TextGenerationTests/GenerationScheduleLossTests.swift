// SPDX-License-Identifier: MIT

import BitNetCore
import TestSupport
import Testing
import TextGeneration

/// Pipelines are lost, and nobody can tell from what is said of a sequence.
@Suite struct GenerationScheduleLossTests {
    @Test(arguments: 0..<300 as Range<UInt64>)
    func `a sequence is what it is alone, whatever is lost under it`(seed: UInt64) {
        var dice = SeededGenerator(seed: seed)
        let context = dice.roll(4...60)
        let common = (0..<dice.roll(1...context)).map { _ in UInt32(dice.roll(0...49)) }
        var run = ScheduleRun(
            stages: dice.roll(1...5), slots: dice.roll(1...6), context: context, chunk: dice.roll(1...9))
        var requests: [SequenceRequest] = []
        let count = dice.roll(1...20)
        while requests.count < count || run.schedule.runningCount + run.schedule.waitingCount > 0 {
            if requests.count < count, dice.once(in: 3) {
                var request = GenerationScheduleSimulationTests.request(
                    UInt64(requests.count), context, common, &dice)
                request.owner = .drawn(of: 3, &dice)
                if dice.once(in: 6) { run.cancelAt[request.id] = dice.roll(1...5) }
                requests.append(request)
                run.submit(request)
            } else if dice.once(in: 25), !requests.isEmpty {
                run.cancel(UInt64(dice.roll(0...requests.count - 1)))
            } else if dice.once(in: 30) {
                run.lose()
                // Some come, and some go, while there are no stages.
                if requests.count < count, dice.once(in: 2) {
                    let request = GenerationScheduleSimulationTests.request(
                        UInt64(requests.count), context, common, &dice)
                    requests.append(request)
                    run.submit(request)
                }
                if dice.once(in: 4), !requests.isEmpty {
                    run.cancel(UInt64(dice.roll(0...requests.count - 1)))
                }
                run.recover(stages: dice.roll(1...5), slots: dice.roll(1...6), chunk: dice.roll(1...9))
            } else {
                _ = run.step()
            }
        }
        // Steps of sequences that were cancelled may still be under way.
        run.drain()
        #expect(run.pipeline.complaints == [])
        #expect(run.violations == [])
        #expect(run.pipeline.openSlotCount == 0)
        #expect(run.schedule.inFlightCount == 0)
        for request in requests where !run.cancelled.contains(request.id) {
            if run.refusalCodes[request.id] == .failed { continue }
            #expect(run.transcripts[request.id] == HashModel.alone(request, contextLength: context))
        }
        for opening in run.pipeline.openings {
            // Penalties look at what was generated, before a loss as well as after it.
            #expect(opening.promptTokenCount == requests[Int(opening.sampling.seed)].prompt.count)
        }
    }

    @Test func `those that ran go first, in the order in which they came`() {
        var run = ScheduleRun(stages: 1, slots: 2, context: 100)
        for id in 0..<4 as Range<UInt64> { run.submit(.numbered(id, prompt: [1, UInt32(id)], tokens: 9)) }
        _ = run.step()
        run.lose()
        #expect(run.schedule.runningCount == 0 && run.schedule.waitingCount == 4)
        run.submit(.numbered(4, prompt: [7], tokens: 9))
        run.recover(stages: 3, slots: 3, chunk: 64)
        #expect(run.pipeline.opened == [0, 1, 2])
        run.drain()
        #expect(run.pipeline.opened == [0, 1, 2, 3, 4])
    }

    /// Half of those who read wait for half of the time at most.
    @Test func `those that ran go on one after the other`() {
        var run = ScheduleRun(stages: 3, slots: 8, context: 1000)
        for id in 0..<8 as Range<UInt64> {
            let prompt = (0..<600 - 10 * UInt32(id)).map { $0 % 40 + UInt32(id) }
            run.submit(
                .numbered(id, prompt: prompt, tokens: 300, owner: .client(key: nil, connection: id + 1)))
        }
        while (0..<8).contains(where: { (run.transcripts[$0]?.tokens.count ?? 0) < 10 }) { _ = run.step() }
        let before = run.transcripts.mapValues(\.tokens.count)
        run.lose()
        run.recover(stages: 3, slots: 8, chunk: 64)
        var goneOn: [UInt64: Int] = [:]
        var stepCount = 0
        while goneOn.count < 8 {
            _ = run.step()
            stepCount += 1
            for id in 0..<8 as Range<UInt64> where goneOn[id] == nil {
                if run.transcripts[id]?.tokens.count != before[id] { goneOn[id] = stepCount }
            }
        }
        // Side by side they would all be about the last.
        let order = goneOn.values.sorted()
        #expect(order[1] * 4 < order[7] && order[3] * 2 < order[7] && order[5] * 5 < order[7] * 4)
    }

    /// The stages that are left may still know what it held.
    @Test func `those that ran have their slots again, and nobody else takes them`() {
        var run = ScheduleRun(stages: 1, slots: 3, context: 100)
        for id in 0..<3 as Range<UInt64> { run.submit(.numbered(id, prompt: [1, UInt32(id)], tokens: 30)) }
        _ = run.step()
        run.cancel(0)
        run.lose()
        // Of an owner whose turn comes before that of the second one that ran.
        run.submit(.numbered(3, prompt: [7], tokens: 9, owner: .client(key: 0, connection: 1)))
        run.recover(stages: 3, slots: 3, chunk: 64)
        #expect(run.pipeline.openings.suffix(3).map(\.slot).sorted() == [0, 1, 2])
        for opening in run.pipeline.openings.suffix(3) {
            // Slots were given in the order of their numbers.
            let id = opening.sampling.seed
            #expect(opening.slot == (id == 3 ? 0 : UInt32(id)))
        }
    }

    @Test func `tokens that were told are computed again, and not told again`() {
        let request = SequenceRequest.numbered(0, prompt: [1, 2, 3], tokens: 6)
        var run = ScheduleRun(stages: 1, slots: 1, context: 100)
        run.submit(request)
        for _ in 0..<3 { _ = run.step() }
        #expect(run.transcripts[0]?.tokens.count == 3)
        run.lose()
        run.recover(stages: 1, slots: 1, chunk: 64)
        let entries = run.pipeline.steps.flatMap(\.entries)
        #expect(entries.map(\.position) == [0, 1, 2, 3, 4, 5])
        #expect(entries.map(\.output) == Array(repeating: .none, count: 5) + [.sample])
        #expect(run.transcripts[0]?.tokens.count == 3)
        run.drain()
        #expect(run.transcripts[0] == HashModel.alone(request, contextLength: 100))
    }

    @Test func `who gets no token between losses is given up, and nobody else`() {
        var run = ScheduleRun(stages: 1, slots: 1, context: 100)
        run.submit(.numbered(0, prompt: [1], tokens: 50))
        run.submit(.numbered(1, prompt: [2], tokens: 50))
        // A token in between, and it counts from the beginning again.
        for _ in 1..<Limits.sequenceLossesMax {
            run.lose()
            run.recover(stages: 1, slots: 1, chunk: 64)
        }
        _ = run.step()
        for _ in 1..<Limits.sequenceLossesMax {
            run.lose()
            run.recover(stages: 1, slots: 1, chunk: 64)
        }
        #expect(run.refusals.isEmpty)
        run.lose()
        #expect(run.refusalCodes == [0: .failed])
        run.recover(stages: 1, slots: 1, chunk: 64)
        run.drain()
        #expect(run.transcripts[1]?.tokens.count == 50)
    }

    @Test func `a schedule that was poisoned goes on with other stages`() {
        var run = ScheduleRun(stages: 1, slots: 1, context: 100)
        let request = SequenceRequest.numbered(0, prompt: [1], tokens: 5)
        run.submit(request)
        run.submit(.numbered(2, prompt: [3], tokens: 5))
        _ = run.schedule.received(StepOutcome(id: 77, results: [], traces: []))
        run.submit(.numbered(1, prompt: [2], tokens: 5))
        run.cancel(2)
        run.lose()
        run.recover(stages: 1, slots: 1, chunk: 64)
        run.drain()
        #expect(run.transcripts[0] == HashModel.alone(request, contextLength: 100))
        #expect(run.transcripts[1]?.tokens.count == 5)
        #expect(run.pipeline.opened == [0, 1])
    }
}
