// SPDX-License-Identifier: MIT

import BitNetCore
import TestSupport
import Testing
import TextGeneration

@Suite struct DraftTests {
    /// A run of one sequence whose model looks at one token, so that it soon repeats itself.
    static func repeating(_ requests: [SequenceRequest], drafts: Int = 8, slope: UInt32 = 1) -> ScheduleRun {
        var run = ScheduleRun(stages: 1, slots: requests.count, context: 400, drafts: drafts, memory: 1)
        run.pipeline.micros = { 1000 + slope * UInt32($0) }
        for request in requests { run.submit(request) }
        run.drain()
        return run
    }

    static func request(_ id: UInt64 = 0, tokens: Int = 200) -> SequenceRequest {
        .numbered(id, prompt: [1 + UInt32(id), 2, 3], tokens: tokens)
    }

    // MARK: In the schedule

    @Test func `text that repeats itself takes fewer steps and is the same`() {
        let plain = Self.repeating([Self.request()], drafts: 0)
        let drafted = Self.repeating([Self.request()])
        #expect(drafted.transcripts == plain.transcripts)
        #expect(drafted.pipeline.steps.count < plain.pipeline.steps.count * 3 / 4)
        let accepted = drafted.accepted[0] ?? 0
        #expect(accepted == plain.pipeline.steps.count - drafted.pipeline.steps.count, "each saves a step")
        #expect(drafted.rejected[0] ?? 0 > 0, "the model does not always repeat itself")
        #expect(plain.accepted.isEmpty && plain.rejected.isEmpty)
    }

    @Test(arguments: [2, 3, 5])
    func `stages that would stand idle work on what is likely to follow`(stages: Int) {
        var run = ScheduleRun(stages: stages, slots: 2, context: 400, drafts: 8, memory: 1)
        // So that nothing pays within a step.
        run.pipeline.micros = { 1000 * UInt32($0) * UInt32($0) }
        run.submit(Self.request())
        var steps = 0
        while run.step() {
            steps += 1
            #expect(run.schedule.inFlightCount <= stages)
        }
        #expect(run.transcripts[0] == HashModel.alone(Self.request(), contextLength: 400, memory: 1))
        #expect(run.accepted[0] ?? 0 > 50)
        #expect(run.inFlightMax == stages)
    }

    @Test func `drafts hold up nobody else`() {
        var run = ScheduleRun(stages: 3, slots: 2, context: 400, drafts: 8, memory: 1)
        run.pipeline.micros = { 1000 * UInt32($0) * UInt32($0) }
        run.submit(Self.request())
        while run.inFlightMax < 3, run.step() {}
        #expect(run.transcripts[0]?.reason == nil)
        let before = run.pipeline.steps.count
        run.submit(Self.request(1))
        #expect(run.pipeline.steps.count == before + 1, "its prompt goes at once")
        run.drain()
        for id in [0, 1] as [UInt64] {
            #expect(run.transcripts[id] == HashModel.alone(Self.request(id), contextLength: 400, memory: 1))
        }
    }

    @Test func `nothing is drafted where every token costs as much as the first`() {
        let run = Self.repeating([Self.request()], slope: 1_000_000)
        let drafted = run.pipeline.steps.filter {
            $0.entries.count > 1 && $0.entries.allSatisfy { $0.output == .sample }
        }
        #expect(drafted.count <= 3, "it is tried until it is known")
    }

    @Test func `nobody who does not want it is drafted for`() {
        var request = Self.request()
        request.mayBeDrafted = false
        #expect(Self.repeating([request]).pipeline.steps.dropFirst().allSatisfy { $0.entries.count == 1 })
    }

    @Test func `no more is drafted than is wanted, nor beyond the context`() {
        for tokens in 1...40 {
            let run = Self.repeating([Self.request(tokens: tokens)])
            #expect(run.transcripts[0]?.tokens.count == tokens)
        }
        var run = ScheduleRun(stages: 1, slots: 1, context: 100, drafts: 8, memory: 1)
        run.pipeline.micros = { _ in 1000 }
        run.submit(Self.request(tokens: 1000))
        run.drain()
        #expect(
            run.transcripts[0] == HashModel.alone(Self.request(tokens: 1000), contextLength: 100, memory: 1))
        #expect(run.pipeline.complaints == [])
    }

    @Test func `a draft that cannot be computed ends nothing that could go on without it`() {
        var run = ScheduleRun(stages: 1, slots: 1, context: 400, drafts: 8, memory: 1)
        run.pipeline.micros = { _ in 1000 }
        let request = Self.request()
        let alone = HashModel.alone(request, contextLength: 400, memory: 1)
        run.submit(request)
        // A step in which drafts are under way comes back as given up.
        var gaveUp = false
        while let outcome = run.pipeline.nextOutcome() {
            var outcome = outcome
            if !gaveUp, outcome.results.count > 1 {
                gaveUp = true
                for index in outcome.results.indices { outcome.results[index].failure = .notFinite }
            }
            run.perform(run.schedule.received(outcome))
        }
        #expect(gaveUp)
        #expect(run.refusals.isEmpty)
        #expect(run.transcripts[0] == alone)
        let again = run.pipeline.steps.suffix(20)
        #expect(again.allSatisfy { $0.entries.count == 1 }, "it is not tried again")
    }

    @Test func `a sequence that can be computed with no draft is refused as before`() {
        var run = ScheduleRun(stages: 1, slots: 1, context: 400, drafts: 8, memory: 1)
        run.pipeline.poison = HashModel.alone(Self.request(), contextLength: 400, memory: 1).tokens[30]
        run.submit(Self.request())
        run.drain()
        #expect(run.refusalCodes[0] == .notFinite)
    }

    // MARK: What repeats itself

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `the longest earlier place is found, the latest of those`(seed: UInt64) {
        var dice = SeededGenerator(seed: seed)
        let alphabet = dice.roll(2...6)
        var tokens: [UInt32] = []
        var index = RepeatIndex()
        for _ in 0..<60 {
            tokens.append(UInt32(dice.roll(1...alphabet)))
            if dice.once(in: 2) { index.extend(to: tokens) }
        }
        index.extend(to: tokens)
        let lengths = (1..<tokens.count - 1).map { end in
            zip(tokens[...end].reversed(), tokens.reversed()).prefix { $0 == $1 }.count
        }
        let found = index.longestMatch(in: tokens)
        guard let found else { return #expect(lengths.allSatisfy { $0 < 2 }) }
        let end = tokens.count - 1 - found.period
        #expect(lengths[end - 1] == found.length, "seed \(seed)")
        #expect(found.length >= 2)
        // The last sixteen places of the pair are looked at.
        let places = lengths.indices.filter { lengths[$0] >= 2 }.suffix(16)
        let longest = places.map { lengths[$0] }.max() ?? 0
        #expect(found.length == min(longest, 32))
        #expect(places.last { lengths[$0] == found.length } == end - 1)
    }

    @Test func `the index grows with the text`() {
        let tokens = (0..<5000).map { UInt32($0 % 1250) }
        var index = RepeatIndex()
        for count in stride(from: 100, through: 5000, by: 700) { index.extend(to: Array(tokens[..<count])) }
        index.extend(to: tokens)
        #expect(index.longestMatch(in: tokens) == .init(period: 1250, length: 32))
        #expect(index.longestMatch(in: Array(tokens[..<4000])) == nil, "only what was taken in is looked at")
    }

    @Test func `what follows a match goes on with what follows that`() {
        #expect(([7, 1, 2, 3, 1, 2] as [UInt32]).continued(withPeriod: 3, count: 5) == [3, 1, 2, 3, 1])
        #expect(([4, 4] as [UInt32]).continued(withPeriod: 1, count: 3) == [4, 4, 4])
        let drafted: [UInt32] = [3, 1, 2]
        #expect(
            ([7, 1, 2, 3, 1, 2] as [UInt32]).continued(behind: drafted, withPeriod: 3, count: 4) == [
                3, 1, 2, 3,
            ])
        #expect(([5, 6] as [UInt32]).continued(behind: [6, 5], withPeriod: 3, count: 4) == [6, 6, 5, 6])
    }

    // MARK: What pays

    private static func draft(_ acceptance: Float, count: Int = 8) -> Draft {
        Draft(tokens: Array(repeating: 1, count: count), acceptance: acceptance)
    }

    private static func costs(_ micros: [Int: UInt32]) -> StepCosts {
        var costs = StepCosts(tokensMax: 64)
        for (count, micros) in micros {
            costs.take(
                [StageTrace(computeMicros: micros, idleMicros: 0, queuedMicros: 0, receivedBytes: 0)],
                tokenCount: count)
        }
        return costs
    }

    @Test func `a step takes as many drafted tokens along as pay`() {
        let flat = Self.costs([1: 1000, 64: 1001])
        #expect([Self.draft(0.9)].counts(besides: 1, costs: flat, room: 63) == [8])
        #expect([Self.draft(0.9)].counts(besides: 1, costs: flat, room: 3) == [3])
        #expect([Self.draft(0.9)].counts(besides: 1, costs: flat, room: 0) == [0])
        let steep = Self.costs([1: 1000, 2: 1900, 3: 2800, 64: 60_000])
        #expect([Self.draft(0.8)].counts(besides: 1, costs: steep, room: 63) == [0])
        // A second token costs as much as another one, a third and fourth next to nothing.
        let stepped = Self.costs([1: 1000, 2: 1800, 4: 1801, 5: 4000, 64: 60_000])
        #expect([Self.draft(0.95)].counts(besides: 1, costs: stepped, room: 63) == [3])
    }

    @Test func `what goes ahead of stages that stand idle is as probable as it must be to pay`() {
        let linear = Self.costs([1: 1000, 64: 1000 + 63 * 300])
        #expect(Self.draft(0.6).count(aheadOf: 1, costs: linear) == 0)
        #expect(Self.draft(0.45).count(aheadOf: 2, costs: linear) == 0)
        #expect(Self.draft(0.6).count(aheadOf: 2, costs: linear) > 0)
        #expect(Draft(tokens: [1], acceptance: 0.9, reached: 0.5).count(aheadOf: 2, costs: linear) == 0)
        #expect(Draft(tokens: [1], acceptance: 0.9, reached: 0.5).count(aheadOf: 3, costs: linear) == 1)
        #expect(Self.draft(0.99).count(aheadOf: 2, costs: Self.costs([1: 1000, 64: 1001])) == 8)
    }

    @Test func `those go first that are more probable`() {
        let linear = Self.costs([1: 1000, 64: 1000 + 63 * 300])
        let counts = [Self.draft(0.95), Self.draft(0.3), Self.draft(0.6)].counts(
            besides: 3, costs: linear, room: 60)
        #expect(counts[0] > counts[2] && counts[2] >= counts[1])
        #expect([Draft]().counts(besides: 2, costs: linear, room: 4) == [])
    }

    @Test func `what is not known of costs is taken for even, and beyond for as steep as is usual`() {
        let known = Self.costs([1: 1000, 5: 2000])
        #expect(known.cost(ofTokens: 3) == 1500)
        #expect(known.cost(ofTokens: 9) > 2000)
        #expect(StepCosts(tokensMax: 4).cost(ofTokens: 100) > StepCosts(tokensMax: 4).cost(ofTokens: 1))
        var costs = known
        for _ in 0..<50 {
            costs.take(
                [StageTrace(computeMicros: 4000, idleMicros: 0, queuedMicros: 0, receivedBytes: 0)],
                tokenCount: 1)
        }
        #expect(costs.cost(ofTokens: 1) > 3900, "machines become slower")
        costs.take([], tokenCount: 5)
        #expect(costs.cost(ofTokens: 5) == 2000, "nothing is learned from who says nothing")
    }

    @Test func `what is accepted is believed more, by how much stood as before`() {
        var rates = AcceptanceRates()
        let before = rates.rate(ofMatch: 4)
        for _ in 0..<5 { rates.count(true, ofMatch: 3) }
        #expect(rates.rate(ofMatch: 4) > before)
        #expect(rates.rate(ofMatch: 5) == AcceptanceRates().rate(ofMatch: 8))
        for _ in 0..<40 { rates.count(false, ofMatch: 4) }
        #expect(rates.rate(ofMatch: 3) < 0.1)
        #expect((2...40).allSatisfy { (0...1).contains(AcceptanceRates().rate(ofMatch: $0)) })
    }
}
