// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import Testing

@Suite struct SamplerTests {
    private func choose(
        _ logits: [Float], history: [UInt32] = [], position: UInt32 = 0,
        _ change: (inout SamplingParameters) -> Void = { _ in }
    ) -> UInt32 {
        var parameters = SamplingParameters()
        change(&parameters)
        var copy = logits
        let token = copy.withUnsafeMutableBufferPointer { copy in
            history.withUnsafeBufferPointer { history in
                Sampler.choose(logits: copy, parameters: parameters, history: history, position: position)
            }
        }
        if copy != logits { Issue.record("the logits are not left as they were") }
        return token
    }

    /// How often each token is drawn at `count` positions.
    private func counts(
        _ logits: [Float], count: Int, _ change: (inout SamplingParameters) -> Void
    ) -> [Int] {
        var counts = Array(repeating: 0, count: logits.count)
        for position in 0..<UInt32(count) {
            counts[Int(choose(logits, position: position, change))] += 1
        }
        return counts
    }

    private func chiSquare(_ counts: [Int], _ weights: [Double]) -> Double {
        let drawn = Double(counts.reduce(0, +))
        let total = weights.reduce(0, +)
        return zip(counts, weights).filter { $0.1 > 0 }.reduce(0) { sum, pair in
            let expected = drawn * pair.1 / total
            return sum + (Double(pair.0) - expected) * (Double(pair.0) - expected) / expected
        }
    }

    /// Logits whose weights at temperature 1 are 8, 4, 4, 2, 1, 1 (in units of e^0 = 1).
    private static let weights: [Double] = [1, 8, 4, 2, 4, 1]
    private static let logits: [Float] = [0, 2.0794415, 1.3862944, 0.6931472, 1.3862944, 0]

    // MARK: Extremes

    @Test func `whatever the parameters, the token is one of the vocabulary`() {
        let tiny = Float.leastNonzeroMagnitude
        let huge = Float.greatestFiniteMagnitude
        let vectors: [[Float]] = [
            [0, 0, 0], [huge, -huge, 0], [-huge, -huge, -huge], [huge, huge, huge], [1, 2, 3],
            [tiny, -tiny, 0],
        ]
        var random = TestRandom(7)
        for _ in 0..<4000 {
            var parameters = SamplingParameters()
            parameters.temperature = [0, tiny, 1e-30, 1, 100].randomElement(using: &random) ?? 0
            parameters.topK = [0, 1, 3, .max].randomElement(using: &random) ?? 0
            parameters.topP = [1, tiny, 1e-30, 0.5].randomElement(using: &random) ?? 1
            parameters.minP = [0, tiny, 0.5, 1].randomElement(using: &random) ?? 0
            parameters.repetitionPenalty = [1, tiny, 1e-30, 100].randomElement(using: &random) ?? 1
            parameters.repetitionWindow = [0, 1, .max].randomElement(using: &random) ?? 0
            parameters.presencePenalty = [-2, 0, 2].randomElement(using: &random) ?? 0
            parameters.frequencyPenalty = [-2, 0, 2].randomElement(using: &random) ?? 0
            parameters.biases = (0..<3 as Range<UInt32>).shuffled(using: &random).prefix(2).map {
                TokenBias(token: $0, bias: Bool.random(using: &random) ? 100 : -100)
            }
            #expect(parameters.invalidity == nil)
            let token = choose(
                vectors.randomElement(using: &random) ?? [0], history: [0, 0, 2, 99], position: .max
            ) { $0 = parameters }
            #expect(token < 3)
        }
        for temperature in [1e30, .infinity, .nan, -1, -tiny] as [Float] {
            var parameters = SamplingParameters()
            parameters.temperature = temperature
            #expect(parameters.invalidity != nil)
        }
    }

    // MARK: Greedy

    @Test func `greedy takes the largest logit, the lowest id among equals`() {
        #expect(choose([1, 3, 2, 3]) == 1)
        #expect(choose([-5, -5]) == 0)
        #expect(choose([7]) == 0)
        #expect(choose([-.infinity, -1e30, -.infinity]) == 1)
        #expect(choose([0, -0.0]) == 0)
    }

    // MARK: Distribution

    /// 99.9 % quantile of chi-square with 5 degrees of freedom: 20.5.
    @Test(arguments: [0, 1, 42, UInt64.max])
    func `draws follow the probabilities`(_ seed: UInt64) {
        let found = counts(Self.logits, count: 4000) {
            $0.temperature = 1
            $0.seed = seed
        }
        #expect(chiSquare(found, Self.weights) < 20.5)
    }

    @Test func `temperature is the exponent's divisor`() {
        let found = counts(Self.logits, count: 4000) { $0.temperature = 2 }
        #expect(chiSquare(found, Self.weights.map { $0.squareRoot() }) < 20.5)
    }

    @Test(arguments: [Float.leastNonzeroMagnitude, 1e-30, 0.001])
    func `a tiny temperature is greedy`(_ temperature: Float) {
        let found = counts([3, 3.01, -2, .infinity * -1], count: 50) {
            $0.temperature = temperature
            $0.topP = 0.9
        }
        #expect(found == [0, 50, 0, 0])
    }

    @Test func `extreme logits draw without NaN`() {
        let huge = Float.greatestFiniteMagnitude
        let found = counts([huge, -huge, huge], count: 1000) { $0.temperature = 100 }
        #expect(found[1] == 0 && found[0] > 400 && found[2] > 400)
        let penalised = choose([huge, 1], history: [0]) {
            $0.repetitionPenalty = .leastNonzeroMagnitude
            $0.temperature = 1
        }
        #expect(penalised == 0)
    }

    // MARK: Filters

    /// What may be drawn, from filters over weights 8, 4, 4, 2, 1, 1 of 20; ties go to the lower id.
    static let filters: [(topK: UInt32, topP: Float, minP: Float, kept: Set<Int>)] = [
        (1, 1, 0, [1]), (2, 1, 0, [1, 2]), (3, 1, 0, [1, 2, 4]), (5, 1, 0, [0, 1, 2, 3, 4]),
        (6, 1, 0, [0, 1, 2, 3, 4, 5]), (100, 1, 0, [0, 1, 2, 3, 4, 5]), (.max, 1, 0, [0, 1, 2, 3, 4, 5]),
        (0, 0.0001, 0, [1]), (0, 0.39, 0, [1]), (0, 0.41, 0, [1, 2]), (0, 0.61, 0, [1, 2, 4]),
        (0, 0.91, 0, [0, 1, 2, 3, 4]), (0, 0.99, 0, [0, 1, 2, 3, 4, 5]),
        // Top-p works on what top-k left: 8 + 4 of 16 is 0.75.
        (3, 0.74, 0, [1, 2]), (3, 0.76, 0, [1, 2, 4]),
        (0, 1, 0.49, [1, 2, 4]), (0, 1, 0.51, [1]), (0, 1, 1, [1]), (0, 1, 0.2, [1, 2, 3, 4]),
        (4, 0.95, 0.3, [1, 2, 4]), (2, 1, 0.9, [1]),
    ]

    @Test(arguments: filters)
    func `filters keep what they should and its proportions`(
        _ topK: UInt32, _ topP: Float, _ minP: Float, _ kept: Set<Int>
    ) {
        let found = counts(Self.logits, count: 1500) {
            $0.temperature = 1
            $0.topK = topK
            $0.topP = topP
            $0.minP = minP
        }
        #expect(Set(found.indices.filter { found[$0] > 0 }) == kept)
        let weights = Self.weights.indices.map { kept.contains($0) ? Self.weights[$0] : 0 }
        #expect(chiSquare(found, weights) < 20.5)
    }

    /// More candidates than the first tries of top-p's search look at.
    @Test func `top-p over a flat vocabulary keeps its share`() {
        let size = 1200
        let found = counts(Array(repeating: 0, count: size), count: 100) {
            $0.temperature = 1
            $0.topP = 0.5
        }
        #expect(found[(size / 2)...].allSatisfy { $0 == 0 })
        #expect(found[..<(size / 2)].reduce(0, +) == 100)
        #expect(found[(size / 2 - 100)..<(size / 2)].contains { $0 > 0 })
    }

    @Test func `top-k agrees with sorting`() {
        var random = TestRandom(3)
        for _ in 0..<30 {
            // Few distinct values, so that ties straddle the border.
            let logits = (0..<200).map { _ in Float(Int.random(in: 0...20, using: &random)) }
            let k = Int.random(in: 1...200, using: &random)
            let order = logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }
            let found = counts(logits, count: 100) {
                $0.temperature = 50
                $0.topK = UInt32(k)
            }
            let allowed = Set(order.prefix(k))
            #expect(found.indices.allSatisfy { found[$0] == 0 || allowed.contains($0) })
        }
    }

    // MARK: Repetition penalty

    @Test func `the penalty divides positive and multiplies negative logits`() {
        #expect(choose([2, 1.5], history: [0]) { $0.repetitionPenalty = 1.2 } == 0)
        #expect(choose([2, 1.5], history: [0]) { $0.repetitionPenalty = 1.5 } == 1)
        #expect(choose([-1, -1.5], history: [0]) { $0.repetitionPenalty = 1.4 } == 0)
        #expect(choose([-1, -1.5], history: [0]) { $0.repetitionPenalty = 1.6 } == 1)
        #expect(choose([2, 3], history: [0]) { $0.repetitionPenalty = 0.5 } == 0)
    }

    @Test func `a repeated token is penalised once`() {
        #expect(choose([2, 1.2], history: [0, 0, 0]) { $0.repetitionPenalty = 1.5 } == 0)
    }

    @Test func `only the window's tokens are penalised`() {
        let history: [UInt32] = [0, 2, 2]
        for (window, expected) in [(0, 0), (1, 0), (2, 0), (3, 1), (64, 1), (Int(UInt32.max), 1)] {
            let token = choose([2, 1.5, 0], history: history) {
                $0.repetitionPenalty = 2
                $0.repetitionWindow = UInt32(window)
            }
            #expect(token == UInt32(expected), "window \(window)")
        }
    }

    @Test func `history outside the vocabulary does not count`() {
        #expect(choose([2, 1], history: [2, .max]) { $0.repetitionPenalty = 2 } == 0)
    }

    // MARK: Reproducibility

    @Test func `a draw depends on seed and position only`() {
        let logits = (0..<500).map { Float($0 % 17) / 10 }
        func draws(_ seed: UInt64) -> [UInt32] {
            (0..<40).map { position in
                choose(logits, position: position) {
                    $0.temperature = 1
                    $0.seed = seed
                }
            }
        }
        #expect(draws(7) == draws(7))
        #expect(draws(7) != draws(8))
        #expect(Set(draws(7)).count > 20)
    }

    /// Outputs of SplitMix64 from the state that hashing seed 0 gives: fixed for ever, or replays on
    /// workers of different versions would part.
    @Test func `the generator's values are fixed`() {
        #expect(CounterRandom.bits(seed: 0, counter: 0) == 0xA706_DD2F_4D19_7E6F)
        #expect(CounterRandom.bits(seed: 0, counter: 1) == 0xB382_A305_F441_4F5E)
        #expect(CounterRandom.bits(seed: 1, counter: 0) == 0x5E41_AB08_7439_611E)
        #expect(CounterRandom.bits(seed: .max, counter: .max) == 0x4450_18E3_0581_0B78)
        let uniform = (0..<10_000).map { CounterRandom.uniform(seed: 1, counter: $0) }
        #expect(uniform.allSatisfy { (0..<1).contains($0) })
        #expect(abs(uniform.reduce(0, +) / 10_000 - 0.5) < 0.01)
        #expect(Set((0..<1000).map { CounterRandom.bits(seed: $0, counter: 0) }).count == 1000)
        // Neighbouring seeds and positions must not share values.
        let grid = (0..<50).flatMap { s in (0..<50).map { CounterRandom.bits(seed: s, counter: $0) } }
        #expect(Set(grid).count == 2500)
    }
}
