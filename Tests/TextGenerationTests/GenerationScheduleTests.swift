// SPDX-License-Identifier: MIT

import BitNetCore
import Testing
import TextGeneration

@Suite struct GenerationScheduleTests {
    static func prompt(_ count: Int) -> [UInt32] { (0..<count).map { UInt32($0 % 50) } }

    // MARK: One sequence

    @Test
    func `a prompt goes out in chunks that do not wait for each other, and the last one asks for a token`() {
        var run = ScheduleRun(stages: 3, slots: 1, context: 100, chunk: 4)
        run.submit(.numbered(0, prompt: Self.prompt(10), tokens: 1))
        #expect(run.pipeline.steps.map(\.entries.count) == [4, 4, 2])
        let outputs = run.pipeline.steps.flatMap(\.entries).map(\.output)
        #expect(outputs == [StepEntry.Output](repeating: .none, count: 9) + [.sample])
        #expect(run.schedule.inFlightCount == 3)
    }

    @Test func `no more steps are in flight than allowed`() {
        var run = ScheduleRun(stages: 2, slots: 1, context: 100, chunk: 4)
        run.submit(.numbered(0, prompt: Self.prompt(40), tokens: 1))
        #expect(run.pipeline.steps.count == 3)
        _ = run.step()
        #expect(run.pipeline.steps.count == 4)
        run.drain()
        #expect(run.inFlightMax == 3)
    }

    @Test func `the pipeline sees open, steps, close`() {
        var schedule = GenerationSchedule(stageCount: 1, slotCount: 1, contextLength: 10)
        let first = schedule.submit(.numbered(5, prompt: [1, 2], tokens: 1))
        var sampling = SamplingParameters()
        sampling.seed = 5
        let entries = [
            StepEntry(slot: 0, position: 0, token: 1, output: .none),
            StepEntry(slot: 0, position: 1, token: 2, output: .sample),
        ]
        #expect(
            first == [
                .send(.open(Opening(slot: 0, sampling: sampling, promptTokenCount: 2))),
                .send(.step(Step(id: 1, entries: entries))),
            ])
        let result = StepResult(slot: 0, position: 1, token: 9, logProbability: -0.5)
        #expect(
            schedule.received(StepOutcome(id: 1, results: [result], traces: [])) == [
                .send(.close(slot: 0)), .token(5, 9, logProbability: -0.5), .finished(5, .length),
            ])
    }

    @Test func `the stop token ends a sequence and is not part of it`() {
        let prompt = Self.prompt(3)
        var run = ScheduleRun(stages: 1, slots: 1, context: 100)
        let stop = HashModel.next(after: prompt + [HashModel.next(after: prompt)])
        run.submit(.numbered(0, prompt: prompt, tokens: 50, stop: [stop]))
        run.drain()
        #expect(run.transcripts[0] == Transcript(tokens: [HashModel.next(after: prompt)], reason: .stop))
    }

    @Test func `a sequence may fill the context and gets the token that no longer fits`() {
        var run = ScheduleRun(stages: 2, slots: 1, context: 10)
        run.submit(.numbered(0, prompt: Self.prompt(10), tokens: 50))
        run.submit(.numbered(1, prompt: Self.prompt(7), tokens: 50))
        run.submit(.numbered(2, prompt: Self.prompt(7), tokens: 4))
        run.drain()
        #expect(run.transcripts[0]?.tokens.count == 1)
        #expect(run.transcripts[0]?.reason == .context)
        #expect(run.transcripts[1]?.tokens.count == 4)
        #expect(run.transcripts[1]?.reason == .context)
        #expect(run.transcripts[2]?.reason == .length)
    }

    // MARK: Scoring

    @Test func `scoring brings the log-probability of every prompt token after the first`() {
        let prompt = Self.prompt(10)
        var run = ScheduleRun(stages: 2, slots: 1, context: 10, chunk: 4)
        run.submit(.numbered(0, prompt: prompt, tokens: 0, scores: true))
        run.drain()
        #expect(run.transcripts[0]?.scores?.count == 9)
        #expect(
            run.transcripts[0]
                == HashModel.alone(.numbered(0, prompt: prompt, tokens: 0, scores: true), contextLength: 10))
        let entries = run.pipeline.steps.flatMap(\.entries)
        #expect(entries.count == 9, "what follows the last token is nobody's question")
        #expect(entries.map(\.output) == prompt.dropFirst().map { .score(target: $0) })
        #expect(run.pipeline.openSlotCount == 0)
    }

    @Test func `a prompt can be scored and continued`() {
        let request = SequenceRequest.numbered(0, prompt: Self.prompt(5), tokens: 3, scores: true)
        var run = ScheduleRun(stages: 1, slots: 1, context: 10, chunk: 2)
        run.submit(request)
        run.drain()
        #expect(run.transcripts[0] == HashModel.alone(request, contextLength: 10))
    }

    @Test func `a single token has nothing to score`() {
        var schedule = GenerationSchedule(stageCount: 1, slotCount: 1, contextLength: 10)
        #expect(
            schedule.submit(.numbered(3, prompt: [1], tokens: 0, scores: true))
                == [.scored(3, []), .finished(3, .length)])
    }

    // MARK: Many sequences

    @Test func `with enough sequences every stage has a step to work on`() {
        var run = ScheduleRun(stages: 3, slots: 9, context: 2000)
        for id in 0..<9 as Range<UInt64> { run.submit(.numbered(id, prompt: [UInt32(id)], tokens: 1000)) }
        for _ in 0..<100 {
            _ = run.step()
            #expect(run.schedule.inFlightCount >= 3)
        }
        let last = run.pipeline.steps.suffix(30)
        #expect(last.allSatisfy { (1...3).contains($0.entries.count) })
    }

    @Test func `on one stage all sequences that can are decoded together`() {
        var run = ScheduleRun(stages: 1, slots: 4, context: 100, inFlight: 1)
        for id in 0..<4 as Range<UInt64> { run.submit(.numbered(id, prompt: [UInt32(id)], tokens: 20)) }
        for _ in 0..<8 { _ = run.step() }
        #expect(run.pipeline.steps.last?.entries.count == 4)
    }

    @Test func `short prompts share a chunk`() {
        var run = ScheduleRun(stages: 1, slots: 8, context: 100, chunk: 10, inFlight: 1)
        run.submit(.numbered(99, prompt: Self.prompt(10), tokens: 1))
        for id in 0..<5 as Range<UInt64> { run.submit(.numbered(id, prompt: [1, 2, UInt32(id)], tokens: 9)) }
        _ = run.step()
        #expect(run.pipeline.steps.last?.entries.map(\.slot) == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4])
    }

    @Test func `small groups that come back merge instead of travelling alone`() {
        var run = ScheduleRun(stages: 2, slots: 16, context: 5000)
        for id in 0..<16 as Range<UInt64> {
            run.submit(.numbered(id, prompt: [UInt32(id)], tokens: 3000))
            if id % 3 == 0 { _ = run.step() }
        }
        for _ in 0..<100 { _ = run.step() }
        #expect(run.pipeline.steps.suffix(20).allSatisfy { $0.entries.count == 8 })
    }

    @Test func `between two tokens of a sequence a long prompt puts one chunk for each group`() {
        for stages in 1...4 {
            var run = ScheduleRun(stages: stages, slots: 5, context: 9000, chunk: 8)
            for id in 0..<4 as Range<UInt64> {
                run.submit(.numbered(id, prompt: [UInt32(id)], tokens: 8000))
            }
            for _ in 0..<40 { _ = run.step() }
            run.submit(.numbered(4, prompt: Self.prompt(4000), tokens: 1))
            for _ in 0..<10 { _ = run.step() }
            let steps = run.pipeline.steps.dropFirst(30)
            for slot in 0..<4 as Range<UInt32> {
                let ids = steps.filter { $0.entries.contains { $0.slot == slot } }.map(\.id)
                for (earlier, later) in zip(ids, ids.dropFirst()) { #expect(later - earlier <= stages) }
            }
            #expect(run.pipeline.steps.last?.entries.count { $0.slot == 4 } == 8)
        }
    }

    @Test func `beside sequences that decode no more than one chunk is under way`() {
        var run = ScheduleRun(stages: 4, slots: 5, context: 9000, chunk: 96)
        for id in 0..<4 as Range<UInt64> { run.submit(.numbered(id, prompt: [UInt32(id)], tokens: 8000)) }
        for _ in 0..<40 { _ = run.step() }
        run.submit(.numbered(4, prompt: Self.prompt(4000), tokens: 1))
        for _ in 0..<20 { _ = run.step() }
        for steps in [run.pipeline.steps.suffix(4), run.pipeline.steps.suffix(11).prefix(4)] {
            #expect(steps.flatMap(\.entries).count { $0.slot == 4 } == 96)
        }
    }

    @Test func `a long prompt does not keep others from decoding`() {
        var run = ScheduleRun(stages: 3, slots: 5, context: 8192)
        for id in 0..<4 as Range<UInt64> { run.submit(.numbered(id, prompt: [UInt32(id)], tokens: 5000)) }
        for _ in 0..<20 { _ = run.step() }
        run.submit(.numbered(4, prompt: Self.prompt(8192), tokens: 1))
        let before = (0..<4).map { run.transcripts[$0]?.tokens.count ?? 0 }
        var steps = 0
        while run.transcripts[4]?.tokens.isEmpty ?? true {
            guard run.step() else { break }
            steps += 1
        }
        let gained = (0..<4).map { (run.transcripts[UInt64($0)]?.tokens.count ?? 0) - before[$0] }
        #expect(steps <= 8192 / (64 / 3) + 8, "the prompt advances by its share of a chunk with every step")
        for count in gained {
            #expect(count >= steps / 5, "each sequence decodes about once a round of steps")
        }
    }

    @Test func `a prompt advances however many sequences decode`() {
        var run = ScheduleRun(stages: 1, slots: 21, context: 4096, chunk: 4, inFlight: 1, stepTokens: 10)
        for id in 0..<20 as Range<UInt64> { run.submit(.numbered(id, prompt: [UInt32(id)], tokens: 4000)) }
        for _ in 0..<60 { _ = run.step() }
        #expect(run.pipeline.steps.last?.entries.count == 10)
        let before = run.pipeline.steps.count
        run.submit(.numbered(20, prompt: Self.prompt(40), tokens: 1))
        while run.transcripts[20] == nil, run.step() {}
        let during = run.pipeline.steps[before..<before + 10]
        for step in during {
            #expect(step.entries.count == 10, "six sequences decode beside each chunk of four")
            #expect(Set(step.entries.map(\.slot)).count == 7)
        }
        #expect(run.pipeline.steps.count == before + 11)
        // They take turns, so none is further ahead than the steps by which it started earlier.
        let counts = run.transcripts.filter { $0.key < 20 }.values.map(\.tokens.count)
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 20)
        #expect(run.pipeline.complaints == [])
    }

    @Test func `who waits longest gets the next slot, after the close was sent`() {
        var run = ScheduleRun(stages: 1, slots: 1, context: 100)
        for id in 0..<4 as Range<UInt64> { run.submit(.numbered(id, prompt: [7], tokens: 2)) }
        #expect(run.schedule.waitingCount == 3)
        run.drain()
        #expect(run.pipeline.opened == [0, 1, 2, 3])
        #expect(run.pipeline.complaints == [])
        #expect(run.pipeline.openSlotCount == 0)
    }

    // MARK: Cancelling

    @Test func `cancelling closes the slot at once and drops what is still in flight`() {
        var run = ScheduleRun(stages: 3, slots: 1, context: 100, chunk: 4)
        run.submit(.numbered(0, prompt: Self.prompt(12), tokens: 5))
        run.submit(.numbered(1, prompt: Self.prompt(3), tokens: 5))
        run.cancel(0)
        #expect(run.pipeline.opened == [0, 1])
        run.drain()
        #expect(run.transcripts[0] == nil)
        #expect(
            run.transcripts[1]
                == HashModel.alone(.numbered(1, prompt: Self.prompt(3), tokens: 5), contextLength: 100))
        #expect(run.pipeline.complaints == [])
    }

    @Test func `a sequence that waits can be cancelled, and an unknown one is nothing`() {
        var run = ScheduleRun(stages: 1, slots: 1, context: 100)
        run.submit(.numbered(0, prompt: [1], tokens: 5))
        run.submit(.numbered(1, prompt: [1], tokens: 5))
        run.cancel(1)
        #expect(run.schedule.waitingCount == 0)
        let before = run.schedule
        run.cancel(99)
        #expect(run.schedule == before)
    }

    @Test func `sends come before everything else, so that a cancel from within follows them`() {
        var run = ScheduleRun(stages: 2, slots: 3, context: 100)
        for id in 0..<3 as Range<UInt64> {
            run.cancelAt[id] = 3
            run.submit(.numbered(id, prompt: [UInt32(id)], tokens: 50))
        }
        run.drain()
        #expect(run.pipeline.complaints == [])
        #expect(run.pipeline.openSlotCount == 0)
        #expect(run.cancelled == [0, 1, 2])
    }

    // MARK: Refusing

    @Test func `requests that cannot run are refused with the reason`() throws {
        var badSampling = SequenceRequest.numbered(4, prompt: [1], tokens: 1)
        badSampling.sampling.temperature = -1
        let requests: [(SequenceRequest, String)] = [
            (.numbered(1, prompt: [], tokens: 1), "the prompt is empty"),
            (
                .numbered(2, prompt: Self.prompt(11), tokens: 1),
                "the prompt has 11 tokens, but the context holds 10; shorten it or raise --ctx-size"
            ),
            (.numbered(3, prompt: [1], tokens: -1), "-1 tokens cannot be generated"),
            (badSampling, "temperature must be 0...100"),
        ]
        var run = ScheduleRun(stages: 1, slots: 1, context: 10)
        let before = run.schedule
        for (request, _) in requests { run.submit(request) }
        for (request, reason) in requests { #expect(run.refusals[request.id] == reason) }
        #expect(run.schedule == before)
    }

    @Test func `nothing to generate is done at once`() {
        var schedule = GenerationSchedule(stageCount: 1, slotCount: 1, contextLength: 10)
        #expect(schedule.submit(.numbered(3, prompt: [1, 2], tokens: 0)) == [.finished(3, .length)])
    }

    @Test func `the queue takes as many as it may and one more is refused`() {
        var run = ScheduleRun(stages: 1, slots: 1, context: 10, waiting: 2)
        for id in 0..<3 as Range<UInt64> { run.submit(.numbered(id, prompt: [1], tokens: 5)) }
        #expect(run.refusals.isEmpty)
        run.submit(.numbered(3, prompt: [1], tokens: 5))
        #expect(run.refusals == [3: "2 sequences are waiting already; try again later"])
        #expect(run.refusalCodes == [3: .overloaded])
        run.drain()
        run.submit(.numbered(4, prompt: [1], tokens: 5))
        #expect(run.refusals[4] == nil)
    }

    @Test func `figures out of bounds are moved inside`() {
        for figure in [Int.min, 0, Int.max] {
            var schedule = GenerationSchedule(
                stageCount: figure, slotCount: figure, contextLength: figure, prefillChunk: figure,
                stepsInFlightMax: figure, waitingMax: figure)
            #expect(schedule.submit(.numbered(0, prompt: [1], tokens: 1)).count == 2)
        }
    }

    @Test(arguments: [nil, -0.25]) func `a log-probability that nobody wants may come and is dropped`(
        _ logProbability: Float?
    ) {
        var request = SequenceRequest.numbered(0, prompt: [1], tokens: 1)
        request.sampling.wantsLogProbabilities = false
        var schedule = GenerationSchedule(stageCount: 1, slotCount: 1, contextLength: 10)
        _ = schedule.submit(request)
        let result = StepResult(slot: 0, position: 0, token: 9, logProbability: logProbability)
        #expect(
            schedule.received(StepOutcome(id: 1, results: [result], traces: [])) == [
                .send(.close(slot: 0)), .token(0, 9, logProbability: nil), .finished(0, .length),
            ])
    }

    // MARK: A pipeline that cannot be trusted

    @Test func `outcomes that were not asked for stop the schedule`() throws {
        var schedule = GenerationSchedule(stageCount: 2, slotCount: 2, contextLength: 10, prefillChunk: 2)
        _ = schedule.submit(.numbered(0, prompt: [1, 2, 3], tokens: 5))
        let result = StepResult(slot: 0, position: 2, token: 4, logProbability: -1)
        var scoring = GenerationSchedule(stageCount: 1, slotCount: 1, contextLength: 10)
        _ = scoring.submit(.numbered(0, prompt: [1, 2], tokens: 0, scores: true))
        var second = schedule
        _ = second.received(StepOutcome(id: 1, results: [], traces: []))
        let scored = StepResult(slot: 0, position: 0, token: 3, logProbability: -1)
        var silent = result
        silent.logProbability = nil
        let silentScore = StepResult(slot: 0, position: 0, token: 2, logProbability: nil)
        var otherSlot = result
        otherSlot.slot = 1
        var otherPosition = result
        otherPosition.position = 1
        let faults: [(GenerationSchedule, UInt64, [StepResult], String)] = [
            (schedule, 2, [result], "the pipeline returned step 2 when step 1 was due"),
            (schedule, 0, [], "the pipeline returned step 0 when step 1 was due"),
            (second, 1, [], "the pipeline returned step 1 when step 2 was due"),
            (schedule, 1, [result], "step 1 brought 1 results, 0 were asked for"),
            (second, 2, [], "step 2 brought 0 results, 1 were asked for"),
            (second, 2, [silent], "step 2 brought no log-probability for slot 0, position 2"),
            (scoring, 1, [silentScore], "step 1 brought no log-probability for slot 0, position 0"),
            (
                second, 2, [otherSlot],
                "step 2 brought a result for slot 1, position 2, instead of slot 0, position 2"
            ),
            (
                second, 2, [otherPosition],
                "step 2 brought a result for slot 0, position 1, instead of slot 0, position 2"
            ),
            (scoring, 1, [scored], "step 1 scored token 3 instead of 2"),
            (
                GenerationSchedule(stageCount: 1, slotCount: 1, contextLength: 10), 1, [],
                "the pipeline returned step 1 when none was due"
            ),
        ]
        for (state, id, results, reason) in faults {
            var schedule = state
            #expect(
                schedule.received(StepOutcome(id: id, results: results, traces: [])) == [.violation(reason)])
            #expect(schedule.received(StepOutcome(id: 1, results: [], traces: [])) == [])
            #expect(schedule.cancel(0) == [])
            #expect(schedule.submit(.numbered(9, prompt: [1], tokens: 1)) == [], "it waits for other stages")
            #expect(schedule.runningCount == 0)
        }
    }
}
