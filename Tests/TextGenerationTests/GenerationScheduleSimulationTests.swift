// SPDX-License-Identifier: MIT

import BitNetCore
import TestSupport
import Testing
import TextGeneration

@Suite struct GenerationScheduleSimulationTests {
    @Test(arguments: 0..<200 as Range<UInt64>, [1, 4])
    func `whatever runs beside it, a sequence is what it is alone`(seed: UInt64, ownerCount: Int) {
        Self.play(seed: seed, ownerCount: ownerCount)
    }

    @Test(arguments: 0..<200 as Range<UInt64>, [1, 4])
    func `whatever is drafted for it, a sequence is what it is alone`(seed: UInt64, ownerCount: Int) {
        Self.play(seed: seed, ownerCount: ownerCount, drafts: 1 + Int(seed % 8), memory: 1 + Int(seed % 3))
    }

    private static func play(seed: UInt64, ownerCount: Int, drafts: Int = 0, memory: Int? = nil) {
        var dice = SeededGenerator(seed: seed)
        let context = dice.roll(4...60)
        // What prompts begin with, so that many of them can take over what others computed.
        let common = (0..<dice.roll(1...context)).map { _ in UInt32(dice.roll(0...49)) }
        let slots = dice.roll(1...6)
        let stages = dice.roll(1...5)
        let chunk = dice.roll(1...9)
        let tokens = dice.roll(2...16)
        var run = ScheduleRun(
            stages: stages, slots: slots, context: context, chunk: chunk, stepTokens: tokens,
            drafts: drafts, memory: memory)
        // Drafts pay while another token costs next to nothing.
        let slope = UInt32(dice.roll(0...30))
        run.pipeline.micros = { 100 + slope * UInt32($0) }
        var requests: [SequenceRequest] = []
        let count = dice.roll(1...30)
        while requests.count < count || run.pipeline.inFlightCount > 0 {
            if requests.count < count, dice.once(in: 3) {
                var request = request(UInt64(requests.count), context, common, &dice)
                // With several owners sequences give way to each other.
                if ownerCount > 1 { request.owner = .drawn(of: ownerCount, &dice) }
                if dice.once(in: 6) { run.cancelAt[request.id] = dice.roll(1...5) }
                requests.append(request)
                run.submit(request)
            } else if dice.once(in: 25), !requests.isEmpty {
                run.cancel(UInt64(dice.roll(0...requests.count - 1)))
            } else {
                _ = run.step()
            }
        }
        #expect(run.pipeline.complaints == [])
        #expect(run.violations == [])
        #expect(run.inFlightMax <= (drafts > 0 ? 2 * stages : stages + 1))
        #expect(run.pipeline.openSlotCount == 0)
        #expect(run.schedule.runningCount == 0)
        #expect(run.schedule.waitingCount == 0)
        #expect(run.schedule.inFlightCount == 0)
        if ownerCount == 1 {
            #expect(run.pipeline.opened == run.pipeline.opened.sorted(), "slots go to who came first")
        }
        for step in run.pipeline.steps { check(step, tokens: tokens, chunk: chunk, drafts: drafts) }
        for request in requests where !run.cancelled.contains(request.id) {
            #expect(
                run.transcripts[request.id]
                    == HashModel.alone(request, contextLength: context, memory: memory))
        }
    }

    static func request(
        _ id: UInt64, _ context: Int, _ common: [UInt32], _ dice: inout SeededGenerator
    ) -> SequenceRequest {
        var prompt = (0..<dice.roll(1...context)).map { _ in UInt32(dice.roll(0...49)) }
        if dice.once(in: 2) {
            let shared = common.prefix(dice.roll(1...common.count))
            prompt = Array((shared + prompt).prefix(context))
        }
        let stop = dice.once(in: 2) ? Set([UInt32(dice.roll(0...49)), UInt32(dice.roll(0...49))]) : []
        let scores = dice.once(in: 4)
        let tokens = dice.once(in: 5) ? 0 : dice.roll(1...40)
        let alternatives = dice.once(in: 3) ? UInt32(dice.roll(1...Limits.alternativesMax)) : 0
        return .numbered(
            id, prompt: prompt, tokens: tokens, stop: stop, scores: scores, alternatives: alternatives)
    }

    /// At most one token of each decoding sequence and its draft, at most a chunk of prompts, and no more.
    private static func check(_ step: Step, tokens: Int, chunk: Int, drafts: Int) {
        let positions = Dictionary(grouping: step.entries, by: \.slot)
        let runs = positions.values.filter { $0.count > 1 }
        let isDrafted = { (run: [StepEntry]) in run.allSatisfy { $0.output == .sample } }
        #expect(runs.filter { !isDrafted($0) }.reduce(0) { $0 + $1.count } <= chunk)
        #expect(runs.filter(isDrafted).allSatisfy { $0.count <= 1 + drafts })
        #expect(step.entries.count <= tokens)
    }
}

extension RequestOwner {
    /// One of so many, of which all but the first have one key.
    static func drawn(of count: Int, _ dice: inout SeededGenerator) -> RequestOwner {
        let number = dice.roll(1...count)
        return .client(key: number > 1 ? 0 : nil, connection: UInt64(number))
    }
}
