// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import Testing

/// Biases, and penalties on what was generated.
@Suite struct LogitAdjustmentTests {
    private func choose(
        _ logits: [Float], history: [UInt32] = [], promptTokenCount: UInt32 = 0,
        _ change: (inout SamplingParameters) -> Void
    ) -> UInt32 {
        var parameters = SamplingParameters()
        change(&parameters)
        var copy = logits
        let token = copy.withUnsafeMutableBufferPointer { copy in
            history.withUnsafeBufferPointer { history in
                Sampler.choose(
                    logits: copy, parameters: parameters, history: history,
                    promptTokenCount: promptTokenCount, position: 0)
            }
        }
        #expect(copy == logits, "the logits are not left as they were")
        return token
    }

    @Test func `a bias is added, and a large one decides`() {
        #expect(choose([2, 1.5]) { $0.biases = [TokenBias(token: 1, bias: 0.4)] } == 0)
        #expect(choose([2, 1.5]) { $0.biases = [TokenBias(token: 1, bias: 0.6)] } == 1)
        #expect(choose([30, 1.5, 0]) { $0.biases = [TokenBias(token: 0, bias: -100)] } == 1)
        #expect(choose([30, 1.5, -30]) { $0.biases = [TokenBias(token: 2, bias: 100)] } == 2)
        #expect(
            choose([3, 2, 1]) {
                $0.biases = [TokenBias(token: 0, bias: -2), TokenBias(token: 1, bias: -2)]
            } == 0)
    }

    @Test func `a bias outside the vocabulary does not count`() {
        let biases = [TokenBias(token: 2, bias: 100), TokenBias(token: .max, bias: 100)]
        #expect(choose([1, 2]) { $0.biases = biases } == 1)
    }

    @Test func `presence counts once and frequency each time`() {
        let history: [UInt32] = [0, 0, 0]
        #expect(choose([2, 1], history: history) { $0.presencePenalty = 0.9 } == 0)
        #expect(choose([2, 1], history: history) { $0.presencePenalty = 1.1 } == 1)
        #expect(choose([2, 1], history: history) { $0.frequencyPenalty = 0.3 } == 0)
        #expect(choose([2, 1], history: history) { $0.frequencyPenalty = 0.4 } == 1)
        for (presence, expected) in [(0.35, 0), (0.45, 1)] as [(Float, UInt32)] {
            let token = choose([2, 1], history: history) {
                $0.presencePenalty = presence
                $0.frequencyPenalty = 0.2
            }
            #expect(token == expected)
        }
    }

    @Test func `negative penalties ask for more of the same`() {
        #expect(choose([2, 1], history: [1]) { $0.presencePenalty = -1.1 } == 1)
        #expect(choose([2, 1], history: [1, 1, 1, 1]) { $0.frequencyPenalty = -0.3 } == 1)
    }

    @Test func `presence and frequency look at what was generated, repetition at everything`() {
        let history: [UInt32] = [0, 0, 2]
        for promptTokenCount in [2, 3, UInt32.max] {
            let generated = choose([2, 1, 0], history: history, promptTokenCount: promptTokenCount) {
                $0.presencePenalty = 2
                $0.frequencyPenalty = 2
            }
            #expect(generated == 0)
            let repeated = choose([2, 1.5, 0], history: history, promptTokenCount: promptTokenCount) {
                $0.repetitionPenalty = 2
                $0.repetitionWindow = 3
            }
            #expect(repeated == 1)
        }
        #expect(choose([2, 1, 0], history: history, promptTokenCount: 1) { $0.frequencyPenalty = 2 } == 1)
    }

    /// In any other order another token would win.
    @Test func `biases come before the repetition penalty, the others after it`() {
        // (1 + 1) · 0.5 = 1 against 1 · 0.5 + 1 = 1.5.
        #expect(
            choose([1, 1.2], history: [0]) {
                $0.biases = [TokenBias(token: 0, bias: 1)]
                $0.repetitionPenalty = 2
            } == 1)
        // 4 / 2 − 1 = 1 against (4 − 1) / 2 = 1.5.
        #expect(
            choose([4, 1.2], history: [0]) {
                $0.presencePenalty = 1
                $0.repetitionPenalty = 2
            } == 1)
    }

    @Test func `a token changed three times is put back`() {
        let token = choose([1.25, 0.5, -3], history: [0, 1, 2, 0]) {
            $0.biases = [TokenBias(token: 0, bias: 7.5), TokenBias(token: 2, bias: -1)]
            $0.repetitionPenalty = 1.3
            $0.presencePenalty = 0.7
            $0.frequencyPenalty = -0.1
        }
        #expect(token == 0)
    }

    @Test func `what is drawn follows the adjusted logits`() {
        var parameters = SamplingParameters()
        parameters.temperature = 1
        parameters.biases = [TokenBias(token: 0, bias: -100)]
        parameters.presencePenalty = 2
        var logits: [Float] = [1, 1, 1]
        let history: [UInt32] = [1]
        var counts = [0, 0, 0]
        for position in 0..<3000 as Range<UInt32> {
            let token = logits.withUnsafeMutableBufferPointer { logits in
                history.withUnsafeBufferPointer {
                    Sampler.choose(
                        logits: logits, parameters: parameters, history: $0, position: position)
                }
            }
            counts[Int(token)] += 1
        }
        // e² : 1, that is 2642 of 3000; five standard deviations are 89.
        #expect(counts[0] == 0)
        #expect(abs(counts[2] - 2642) < 89)
    }

    // MARK: Validity

    private func invalidity(_ change: (inout SamplingParameters) -> Void) -> String? {
        var parameters = SamplingParameters()
        change(&parameters)
        return parameters.invalidity
    }

    @Test func `parameters are valid up to their bounds`() {
        for bound in [-2, 2] as [Float] {
            #expect(invalidity { $0.presencePenalty = bound } == nil)
            #expect(invalidity { $0.frequencyPenalty = bound } == nil)
            #expect(invalidity { $0.presencePenalty = bound * 1.0001 } == "presence penalty must be -2...2")
            #expect(invalidity { $0.frequencyPenalty = bound * 1.0001 } == "frequency penalty must be -2...2")
            #expect(invalidity { $0.biases = [TokenBias(token: 0, bias: 50 * bound)] } == nil)
            #expect(invalidity { $0.biases = [TokenBias(token: 0, bias: 50.01 * bound)] } != nil)
        }
        #expect(invalidity { $0.presencePenalty = .nan } != nil)
        #expect(invalidity { $0.frequencyPenalty = .infinity } != nil)
        #expect(invalidity { $0.biases = [TokenBias(token: 0, bias: .nan)] } != nil)
        let most = (0..<UInt32(Limits.biasesMax)).map { TokenBias(token: $0, bias: 1) }
        #expect(invalidity { $0.biases = most } == nil)
        #expect(invalidity { $0.biases = most + [TokenBias(token: .max, bias: 1)] } != nil)
        #expect(
            invalidity { $0.biases = most.dropLast() + most.prefix(1) } == "a token can have one bias only")
        #expect(invalidity { $0.alternativeCount = UInt32(Limits.alternativesMax) } == nil)
        #expect(invalidity { $0.alternativeCount = UInt32(Limits.alternativesMax) + 1 } != nil)
    }
}
