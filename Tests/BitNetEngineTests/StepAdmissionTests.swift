// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import Testing

/// Steps come from the network: every invalid one is refused before it touches memory.
@Suite struct StepAdmissionTests {
    private static let context = 32

    struct Refusal: Sendable, CustomTestStringConvertible {
        let name: String
        let entries: [StepEntry]
        let code: StageError.Code
        var testDescription: String { name }
    }

    private static func entry(
        _ slot: UInt32, _ position: UInt32, _ token: UInt32 = 1, _ output: StepEntry.Output = .none
    ) -> StepEntry {
        StepEntry(slot: slot, position: position, token: token, output: output)
    }

    /// Slot 0 holds 3 tokens, slot 1 is open and empty, slot 2 is closed, slot 3 does not exist.
    static let refusals: [Refusal] = [
        Refusal(name: "no entries", entries: [], code: .emptyStep),
        Refusal(
            name: "one entry too many", entries: entries(Array(repeating: 1, count: 9)), code: .tooManyEntries
        ),
        Refusal(name: "slot one past the last", entries: [entry(3, 0)], code: .slotOutOfRange),
        Refusal(name: "slot far past", entries: [entry(.max, 0)], code: .slotOutOfRange),
        Refusal(name: "closed slot", entries: [entry(2, 0)], code: .slotNotOpen),
        Refusal(name: "position one past the held", entries: [entry(0, 4)], code: .positionGap),
        Refusal(name: "position in an empty slot", entries: [entry(1, 1)], code: .positionGap),
        Refusal(
            name: "position at the context", entries: [entry(0, UInt32(context))], code: .positionOutOfRange),
        Refusal(name: "position far past", entries: [entry(0, .max)], code: .positionOutOfRange),
        Refusal(name: "gap in a run", entries: [entry(0, 3), entry(0, 5)], code: .positionGap),
        Refusal(name: "repeated position", entries: [entry(0, 3), entry(0, 3)], code: .positionGap),
        Refusal(name: "descending run", entries: [entry(0, 3), entry(0, 2)], code: .positionGap),
        Refusal(name: "token far past the vocabulary", entries: [entry(0, 3, .max)], code: .tokenOutOfRange),
        Refusal(
            name: "target far past the vocabulary", entries: [entry(0, 3, 1, .score(target: .max))],
            code: .tokenOutOfRange),
        Refusal(
            name: "a good entry, then a bad one", entries: [entry(0, 3), entry(2, 0)], code: .slotNotOpen),
    ]

    private func prepared() throws -> LocalModel {
        let local = try Setup(slots: 3, context: Self.context, tokensPerStepMax: 8).load(.awkward90)
        try local.open(slot: 0)
        try local.open(slot: 1)
        _ = try local.run(entries([5, 6, 7]))
        return local
    }

    @Test(arguments: refusals)
    func `an invalid step is refused and changes nothing`(_ refusal: Refusal) throws {
        let local = try prepared()
        let error = #expect(throws: StageError.self) { try local.run(refusal.entries) }
        #expect(error?.code == refusal.code)
        #expect(error?.message.contains("layers") == true)
        // The slot goes on as if nothing had been.
        let next = entries([8], from: 3, output: .sample)
        #expect(try local.run(next) == (try prepared().run(next)))
    }

    @Test func `the last slot, position and token are accepted`() throws {
        let local = try prepared()
        let vocabulary = UInt32(local.stages[0].model.vocabularySize)
        #expect(throws: StageError.self) { try local.run([Self.entry(0, 3, vocabulary)]) }
        _ = try local.run([Self.entry(0, 3, vocabulary - 1, .score(target: vocabulary - 1))])
        #expect(throws: StageError.self) { try local.run([Self.entry(0, 4, 0, .score(target: vocabulary))]) }
        try local.open(slot: 2)
        for start in stride(from: 0, to: Self.context, by: 8) {
            _ = try local.run(entries(Array(repeating: 1, count: 8), slot: 2, from: start))
        }
        let error = #expect(throws: StageError.self) { try local.run([Self.entry(2, UInt32(Self.context))]) }
        #expect(error?.code == .positionOutOfRange)
    }

    @Test func `opening checks the slot and the parameters`() throws {
        let stage = try Setup(slots: 2).load(.awkward90).stages[0]
        var sampling = SamplingParameters()
        #expect(throws: StageError.self) { try stage.open(slot: 2, sampling: sampling) }
        #expect(throws: StageError.self) { try stage.open(slot: .max, sampling: sampling) }
        sampling.temperature = -1
        let invalid = #expect(throws: StageError.self) { try stage.open(slot: 1, sampling: sampling) }
        #expect(invalid?.code == .invalidSampling)
        sampling.temperature = 1
        try stage.open(slot: 1, sampling: sampling)
        let twice = #expect(throws: StageError.self) { try stage.open(slot: 1, sampling: sampling) }
        #expect(twice?.code == .slotAlreadyOpen)
        stage.close(slot: 1)
        stage.close(slot: 1)
        stage.close(slot: .max)
        try stage.open(slot: 1, sampling: sampling)
        stage.closeAll()
        try stage.open(slot: 1, sampling: sampling)
    }

    @Test func `a reopened slot starts empty`() throws {
        let local = try prepared()
        local.close(slot: 0)
        try local.open(slot: 0)
        let error = #expect(throws: StageError.self) { try local.run([Self.entry(0, 3)]) }
        #expect(error?.code == .positionGap)
        let fresh = try Setup(context: Self.context).load(.awkward90)
        try fresh.open(slot: 0)
        let step = entries([9, 4], output: .sample)
        #expect(try local.run(step) == (try fresh.run(step)))
    }

    @Test func `results come for the entries that want them, in order`() throws {
        let local = try prepared()
        let results = try local.run([
            Self.entry(1, 0, 5, .score(target: 3)), Self.entry(0, 3, 2), Self.entry(1, 1, 6, .sample),
            Self.entry(0, 4, 2, .sample),
        ])
        #expect(results.map(\.slot) == [1, 1, 0])
        #expect(results.map(\.position) == [0, 1, 4])
        #expect(results[0].token == 3)
        for result in results {
            let logProbability = try #require(result.logProbability)
            #expect(logProbability < 0 && logProbability.isFinite)
        }
    }
}
