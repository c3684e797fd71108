// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import Testing

/// The hop between two stages comes from the network too.
@Suite struct HopTests {
    private static let tokens = 3

    /// A middle cut of a small model with the first stage's output for three tokens.
    private func stagesAndHop() throws -> (first: Stage, last: Stage, hop: [UInt8]) {
        let stages = try Setup(cuts: [2], slots: 1, context: 16, tokensPerStepMax: 4).load(.awkward90).stages
        let step = Step(id: 0, entries: entries([5, 6, 7]))
        var hop = [UInt8](repeating: 0, count: stages[0].hopByteCount(tokens: Self.tokens))
        try stages[0].open(slot: 0, sampling: .init())
        try stages[1].open(slot: 0, sampling: .init())
        _ = try hop.withUnsafeMutableBytes { try stages[0].forward(step, hop: nil, output: $0) }
        return (stages[0], stages[1], hop)
    }

    private static let step = Step(id: 0, entries: entries([5, 6, 7], output: .sample))

    @Test func `a hop has the layout's size and is not empty`() throws {
        let (first, _, hop) = try stagesAndHop()
        #expect(hop.count == Self.tokens * HopLayout.byteCountPerToken(hidden: first.model.hiddenSize))
        #expect(hop.contains { $0 != 0 })
    }

    @Test(arguments: [-1, 1, Int.min, 4096])
    func `a hop of another size is refused`(_ difference: Int) throws {
        let (_, last, hop) = try stagesAndHop()
        let bytes = [UInt8](repeating: 0, count: difference == .min ? 0 : hop.count + difference)
        let error = #expect(throws: StageError.self) {
            try bytes.withUnsafeBytes { try last.forward(Self.step, hop: $0, output: nil) }
        }
        #expect(error?.code == .hopSize)
    }

    @Test func `a missing hop, a superfluous hop and a short output are refused`() throws {
        let (first, last, hop) = try stagesAndHop()
        var short = [UInt8](repeating: 0, count: hop.count - 1)
        let missing = #expect(throws: StageError.self) {
            try last.forward(Self.step, hop: nil, output: nil)
        }
        let superfluous = #expect(throws: StageError.self) {
            try hop.withUnsafeBytes { try first.forward(Self.step, hop: $0, output: nil) }
        }
        let noRoom = #expect(throws: StageError.self) {
            try short.withUnsafeMutableBytes { try first.forward(Self.step, hop: nil, output: $0) }
        }
        let noOutput = #expect(throws: StageError.self) {
            try first.forward(Self.step, hop: nil, output: nil)
        }
        for error in [missing, superfluous, noRoom, noOutput] { #expect(error?.code == .hopSize) }
    }

    /// An f16 with all exponent bits set is infinite or not a number.
    @Test(arguments: [0x7C00, 0xFC00, 0x7E00, 0x7C01] as [UInt16], 0..<3)
    func `a scale that is not finite is refused, and the stage goes on`(_ scale: UInt16, _ token: Int) throws
    {
        let (first, last, hop) = try stagesAndHop()
        var damaged = hop
        let offset = token * HopLayout.byteCountPerToken(hidden: first.model.hiddenSize)
        damaged[offset] = UInt8(truncatingIfNeeded: scale)
        damaged[offset + 1] = UInt8(scale >> 8)
        let error = #expect(throws: StageError.self) {
            try damaged.withUnsafeBytes { try last.forward(Self.step, hop: $0, output: nil) }
        }
        #expect(error?.code == .notFinite)
        let fresh = try stagesAndHop()
        let expected = try fresh.hop.withUnsafeBytes {
            try fresh.last.forward(Self.step, hop: $0, output: nil)
        }
        let found = try hop.withUnsafeBytes { try last.forward(Self.step, hop: $0, output: nil) }
        #expect(found == expected)
    }

    /// The mark of outliers before a word that says that seven more follow.
    @Test(arguments: 0..<3)
    func `outliers that make no sense are refused`(_ token: Int) throws {
        let (first, last, hop) = try stagesAndHop()
        var damaged = hop
        let offset = token * HopLayout.byteCountPerToken(hidden: first.model.hiddenSize)
        damaged[offset + 1] |= 0x80
        damaged[offset + 2 * HopLayout.blockCount(hidden: first.model.hiddenSize)] = 0xE0
        let error = #expect(throws: StageError.self) {
            try damaged.withUnsafeBytes { try last.forward(Self.step, hop: $0, output: nil) }
        }
        #expect(error?.code == .notFinite)
    }

    @Test func `ten thousand mutated hops give finite results or an error`() throws {
        let (_, last, hop) = try stagesAndHop()
        var random = TestRandom(20)
        var refusedCount = 0
        for _ in 0..<10_000 {
            var mutated = hop
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                mutated[Int.random(in: 0..<mutated.count, using: &random)] = .random(
                    in: 0...255, using: &random)
            }
            do {
                let results = try mutated.withUnsafeBytes {
                    try last.forward(Self.step, hop: $0, output: nil)
                }
                if results.count != 3 || !results.allSatisfy({ $0.logProbability?.isFinite == true }) {
                    Issue.record("\(results)")
                }
            } catch let error as StageError {
                if error.code != .notFinite, error.code != .givenUp { Issue.record(error) }
                refusedCount += 1
            }
        }
        #expect(refusedCount > 0)
    }
}
