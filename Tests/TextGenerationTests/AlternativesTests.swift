// SPDX-License-Identifier: MIT

import BitNetCore
import Testing
import TextGeneration

/// Scores and alternatives on their way through the schedule.
@Suite struct ScheduledAlternativesTests {
    private static let prompt: [UInt32] = (0..<10).map { $0 * 3 % 50 }

    @Test(arguments: [1, 2, 10], [0, 1, 4])
    func `a prompt up to the context's length is scored, and continued as far as there is room`(
        length: Int, tokens: Int
    ) {
        let request = SequenceRequest.numbered(
            0, prompt: Array(Self.prompt.prefix(length)), tokens: tokens, scores: true, alternatives: 4)
        var run = ScheduleRun(stages: 3, slots: 1, context: 10, chunk: 4)
        run.submit(request)
        run.drain()
        #expect(run.transcripts[0] == HashModel.alone(request, contextLength: 10))
        #expect(run.transcripts[0]?.scores?.count == length - 1)
        #expect(run.transcripts[0]?.scores?.allSatisfy { $0.alternatives.count == 4 } == true)
        #expect(run.pipeline.complaints == [])
        #expect(run.pipeline.openSlotCount == 0)
    }

    @Test func `a stage is told the prompt's length and the request's id`() {
        var run = ScheduleRun(stages: 1, slots: 2, context: 100)
        var request = SequenceRequest.numbered(0, prompt: Self.prompt + Self.prompt, tokens: 3)
        request.requestID = "first"
        run.submit(request)
        run.drain()
        request.id = 1
        request.requestID = "second"
        request.sampling.biases = [TokenBias(token: 3, bias: -1)]
        run.submit(request)
        run.drain()
        #expect(run.pipeline.openings.map(\.promptTokenCount) == [20, 20])
        #expect(run.pipeline.openings.map(\.requestID) == ["first", "second"])
        #expect(run.pipeline.openings[1].sampling == request.sampling)
        #expect(run.pipeline.openings[1].prefix?.tokenCount == 19)
    }

    @Test func `a bias for a token that there is not is refused`() {
        var schedule = GenerationSchedule(
            stageCount: 1, slotCount: 1, contextLength: 10, vocabularySize: 50)
        for (token, isTaken) in [(49, true), (50, false)] as [(UInt32, Bool)] {
            var request = SequenceRequest.numbered(UInt64(token), prompt: [1], tokens: 1)
            request.sampling.biases = [TokenBias(token: token, bias: 1)]
            let directives = schedule.submit(request)
            let isRefused = directives.contains {
                if case .refused(_, let refusal) = $0 { refusal.code == .invalid } else { false }
            }
            #expect(isRefused != isTaken)
        }
    }

    @Test func `fewer alternatives than were asked for are all that a small vocabulary has`() {
        var schedule = GenerationSchedule(stageCount: 1, slotCount: 1, contextLength: 10, vocabularySize: 2)
        _ = schedule.submit(.numbered(0, prompt: [1], tokens: 1, alternatives: 20))
        let both = [TokenScore(token: 1, logProbability: -0.1), TokenScore(token: 0, logProbability: -2)]
        let result = StepResult(slot: 0, position: 0, token: 1, logProbability: -0.1, alternatives: both)
        #expect(
            schedule.received(StepOutcome(id: 1, results: [result], traces: [])) == [
                .send(.close(slot: 0)), .token(0, 1, logProbability: -0.1, alternatives: both),
                .finished(0, .length),
            ])
    }

    @Test func `alternatives that were not asked for, and tokens that there are not, stop the schedule`() {
        var schedule = GenerationSchedule(
            stageCount: 1, slotCount: 1, contextLength: 10, vocabularySize: 50)
        var scoring = schedule
        _ = schedule.submit(.numbered(0, prompt: [1], tokens: 5, alternatives: 1))
        _ = scoring.submit(.numbered(0, prompt: [1, 2], tokens: 0, scores: true))
        let last = TokenScore(token: 49, logProbability: -1)
        let beyond = TokenScore(token: 50, logProbability: -1)
        let count = "alternatives for slot 0, position 0, instead of"
        let outside = "step 1 brought token 50 for slot 0, position 0, but the vocabulary has 50"
        let faults: [(GenerationSchedule, UInt32, [TokenScore], String?)] = [
            (schedule, 49, [last], nil), (scoring, 2, [], nil),
            (schedule, 4, [], "step 1 brought 0 \(count) 1"),
            (schedule, 4, [last, last], "step 1 brought 2 \(count) 1"),
            (scoring, 2, [last], "step 1 brought 1 \(count) 0"),
            (schedule, 4, [beyond], outside), (schedule, 50, [last], outside),
        ]
        for (state, token, alternatives, reason) in faults {
            var schedule = state
            let result = StepResult(
                slot: 0, position: 0, token: token, logProbability: -1, alternatives: alternatives)
            let directives = schedule.received(StepOutcome(id: 1, results: [result], traces: []))
            if let reason {
                #expect(directives == [.violation(reason)])
            } else {
                #expect(!directives.isEmpty)
                #expect(
                    !directives.contains { if case .violation = $0 { true } else { false } },
                    "\(directives)")
            }
        }
    }
}
