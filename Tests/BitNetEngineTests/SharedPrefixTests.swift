// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import Testing

/// A sequence that takes over another's first tokens must not differ by a bit from one that reads them itself.
@Suite struct SharedPrefixTests {
    private static let prompt: [UInt32] = (0..<70).map { ($0 * 37 + 11) % 251 }
    private static let cuts = [[], [1], [1, 2]]
    /// Around the sixteen positions whose keys stand together.
    private static let tokenCounts = [1, 15, 16, 17, 40, 69]

    /// Slot 0 has read the prompt and is closed, slot 1 has gone on with other tokens from position 50 and is
    /// open, slot 2 holds something else and slot 3 nothing.
    private func prepared(_ setup: Setup) throws -> LocalModel {
        let local = try setup.load(.awkward90)
        _ = try local.logProbabilities(Self.prompt, slot: 0)
        try local.open(slot: 1)
        _ = try local.run(entries(Self.prompt[..<50], slot: 1))
        _ = try local.run(entries((0..<30).map { 250 - $0 }, slot: 1, from: 50))
        _ = try local.logProbabilities(Array(Self.prompt.reversed()), slot: 2)
        return local
    }

    @Test(arguments: CacheType.allCases, cuts)
    func `log-probabilities after a shared prefix have the bits of a whole prefill`(
        _ type: CacheType, _ cuts: [Int]
    ) throws {
        let setup = Setup(cuts: cuts, slots: 4, context: 80, cacheType: type, threads: 2)
        let expected = try setup.load(.awkward90).logProbabilities(Self.prompt)
        for count in Self.tokenCounts {
            let rest = Array(expected[count...])
            for (source, target) in [(0, 0), (0, 2), (0, 3), (1, 2), (1, 3)] as [(UInt32, UInt32)]
            where source == 0 || count <= 50 {
                let local = try prepared(setup)
                let prefix = SharedPrefix(slot: source, tokenCount: UInt32(count))
                let found = try local.logProbabilities(Self.prompt, slot: target, prefix: prefix)
                #expect(found == rest, "\(count) tokens of slot \(source) to slot \(target)")
                // The source has lost nothing, nor has what was copied.
                let again = try local.logProbabilities(
                    Self.prompt, slot: 3, prefix: SharedPrefix(slot: source, tokenCount: UInt32(count)))
                #expect(again == rest)
                let copied = try local.logProbabilities(
                    Self.prompt, slot: 0, prefix: SharedPrefix(slot: target, tokenCount: UInt32(count)))
                #expect(copied == rest)
            }
        }
    }

    @Test(arguments: CacheType.allCases, cuts)
    func `sampled tokens are the same, whatever the penalty looks at`(_ type: CacheType, _ cuts: [Int]) throws
    {
        var sampling = SamplingParameters()
        sampling.temperature = 1.5
        sampling.repetitionPenalty = 3
        sampling.repetitionWindow = 64
        sampling.seed = 5
        let setup = Setup(cuts: cuts, slots: 4, context: 80, cacheType: type)
        // Tokens that would be chosen again and again, but for the penalty.
        let expected = try setup.load(.awkward90).generate(Self.prompt, count: 10, sampling: sampling)
        for count in Self.tokenCounts {
            for (source, target) in [(0, 0), (0, 3), (1, 2)] as [(UInt32, UInt32)]
            where source == 0 || count <= 50 {
                let found = try prepared(setup).generate(
                    Self.prompt, count: 10, slot: target, sampling: sampling,
                    prefix: SharedPrefix(slot: source, tokenCount: UInt32(count)))
                #expect(
                    found.map(\.token) == expected.map(\.token), "\(count) tokens, \(source) to \(target)")
                #expect(found.map(\.logProbability) == expected.map(\.logProbability))
            }
        }
    }

    @Test(arguments: CacheType.allCases)
    func `a prefix longer than a span of attention is copied whole`(_ type: CacheType) throws {
        let text = (0..<500).map { UInt32($0 * 29 % 250) }
        let setup = Setup(slots: 2, cacheType: type, threads: 2)
        let local = try setup.load(.awkward90)
        let expected = try local.logProbabilities(text)
        for count in [255, 256, 257, 499] {
            let found = try local.logProbabilities(
                text, slot: 1, prefix: SharedPrefix(slot: 0, tokenCount: UInt32(count)))
            #expect(found == Array(expected[count...]), "\(count) tokens")
        }
    }

    @Test func `generated tokens can be shared as well as those of a prompt`() throws {
        let local = try Setup(slots: 2).load(.awkward90)
        let prompt = Array(Self.prompt.prefix(20))
        let answer = try local.generate(prompt, count: 12).map(\.token)
        // The last token was chosen, but never read.
        let next = prompt + answer + [3, 1, 4]
        let found = try local.logProbabilities(next, slot: 1, prefix: SharedPrefix(slot: 0, tokenCount: 31))
        #expect(try found == Array(Setup().load(.awkward90).logProbabilities(next)[31...]))
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let name: String
        let prefix: SharedPrefix
        let code: StageError.Code
        var testDescription: String { name }

        init(_ name: String, _ slot: UInt32, _ tokenCount: UInt32, _ code: StageError.Code) {
            self.name = name
            prefix = SharedPrefix(slot: slot, tokenCount: tokenCount)
            self.code = code
        }
    }

    static let refusals: [Refusal] = [
        Refusal("no tokens", 0, 0, .prefixOutOfRange),
        Refusal("one more than a closed slot holds", 0, 71, .prefixOutOfRange),
        Refusal("one more than an open slot holds", 1, 81, .prefixOutOfRange),
        Refusal("as many as can be written", 0, .max, .prefixOutOfRange),
        Refusal("a slot that holds nothing", 3, 1, .prefixOutOfRange),
        Refusal("slot one past the last", 4, 1, .slotOutOfRange),
        Refusal("slot far past", .max, .max, .slotOutOfRange),
    ]

    @Test(arguments: refusals)
    func `a prefix that is not there is refused and changes nothing`(_ refusal: Refusal) throws {
        let setup = Setup(slots: 4, context: 80)
        let local = try prepared(setup)
        for slot in [0, 2, 3] as [UInt32] {
            let error = #expect(throws: StageError.self) {
                try local.open(slot: slot, prefix: refusal.prefix)
            }
            #expect(error?.code == refusal.code)
            #expect(error?.message.contains("slot \(refusal.prefix.slot)") == true)
        }
        // No slot was opened, and all hold what they held.
        let expected = try setup.load(.awkward90).logProbabilities(Self.prompt)
        let found = try local.logProbabilities(
            Self.prompt, slot: 2, prefix: SharedPrefix(slot: 0, tokenCount: 69))
        #expect(found == [expected[69]])
    }

    @Test func `all that a slot holds can be taken over, and the next position follows`() throws {
        let local = try prepared(Setup(slots: 4, context: 80))
        try local.open(slot: 3, prefix: SharedPrefix(slot: 1, tokenCount: 80))
        let full = #expect(throws: StageError.self) { try local.run(entries([1], slot: 3, from: 80)) }
        #expect(full?.code == .positionOutOfRange)
        try local.open(slot: 0, prefix: SharedPrefix(slot: 0, tokenCount: 70))
        let gap = #expect(throws: StageError.self) { try local.run(entries([1], from: 71)) }
        #expect(gap?.code == .positionGap)
        _ = try local.run(entries([1], from: 70))
    }

    @Test func `a slot forgets when it is opened, rewound or closed with all others`() throws {
        let local = try prepared(Setup(slots: 4, context: 80))
        func refuses(_ slot: UInt32, _ count: UInt32) -> Bool {
            let error = #expect(throws: StageError.self) {
                try local.open(slot: 3, prefix: SharedPrefix(slot: slot, tokenCount: count))
            }
            return error?.code == .prefixOutOfRange
        }
        _ = try local.run(entries([9], slot: 1, from: 30))
        #expect(refuses(1, 32))
        try local.open(slot: 0)
        #expect(refuses(0, 1))
        for stage in local.stages { stage.closeAll() }
        #expect(refuses(1, 1))
        #expect(refuses(2, 1))
    }

    @Test func `a taken slot is refused before its prefix is looked at`() throws {
        let local = try prepared(Setup(slots: 4, context: 80))
        let error = #expect(throws: StageError.self) {
            try local.open(slot: 1, prefix: SharedPrefix(slot: 0, tokenCount: 10))
        }
        #expect(error?.code == .slotAlreadyOpen)
    }
}
