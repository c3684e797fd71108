// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterWire
import Testing

@Suite struct OpeningTests {
    private func error(_ payload: [UInt8], _ budget: DecodingBudget = DecodingBudget()) -> WireError? {
        do throws(WireError) {
            _ = try Opening.decode(payload, budget: budget)
            return nil
        } catch {
            return error
        }
    }

    private func code(_ opening: Opening) -> WireError.Code? { error(opening.encode())?.code }

    private func code(_ change: (inout SamplingParameters) -> Void) -> WireError.Code? {
        var sampling = SamplingParameters()
        change(&sampling)
        return code(Opening(slot: 0, sampling: sampling))
    }

    /// A packed field of 32-bit floats.
    private static func floats(_ values: [Float]) -> [UInt8] {
        values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian) { Array($0) } }
    }

    private let plain = Opening(slot: 3, sampling: SamplingParameters()).encode()

    @Test func `biases end at their limits`() throws {
        let most = (0..<UInt32(Limits.biasesMax)).map {
            TokenBias(token: UInt32(Limits.vocabularyMax) - 1 - $0, bias: 100)
        }
        let largest = Opening(
            slot: UInt32(Limits.slotsMax) - 1,
            sampling: {
                var sampling = MessageSample.fullSampling
                sampling.biases = most
                return sampling
            }(), promptTokenCount: UInt32(Limits.contextMax),
            requestID: String(repeating: "r", count: Limits.nameBytesMax))
        let payload = largest.encode()
        #expect(payload.count <= Limits.controlBytesMax)
        #expect(try Opening.decode(payload) == largest)
        #expect(code { $0.biases = [TokenBias(token: 0, bias: 0)] + most } == .limit)
        #expect(code { $0.biases = [TokenBias(token: UInt32(Limits.vocabularyMax), bias: 1)] } == .limit)
        for bias in [-100, 100] as [Float] {
            #expect(code { $0.biases = [TokenBias(token: 1, bias: bias)] } == nil)
            #expect(code { $0.biases = [TokenBias(token: 1, bias: bias * 1.000001)] } == .limit)
        }
        #expect(code { $0.biases = [TokenBias(token: 1, bias: .nan)] } == .limit)
        #expect(code { $0.biases = [TokenBias(token: 1, bias: 1), TokenBias(token: 1, bias: 2)] } == .limit)
    }

    @Test func `tokens without a bias and biases without a token are refused`() {
        let tokens = Protobuf.field(14, [5, 6])
        #expect(error(plain + tokens)?.code == .limit)
        #expect(error(plain + Protobuf.field(15, Self.floats([1, 2])))?.code == .limit)
        #expect(error(plain + tokens + Protobuf.field(15, Self.floats([1])))?.code == .limit)
        #expect(error(plain + tokens + Protobuf.field(15, Self.floats([1, 2]))) == nil)
    }

    @Test func `biases are read however they are packed`() throws {
        // One after the other, as other encoders may write them, and in two pieces.
        let apart =
            Protobuf.field(14, 5) + Protobuf.field(14, 6) + Protobuf.field(15, Self.floats([1]))
            + Protobuf.field(15, Self.floats([2]))
        let biases = try Opening.decode(plain + apart).sampling.biases
        #expect(biases == [TokenBias(token: 5, bias: 1), TokenBias(token: 6, bias: 2)])
    }

    @Test func `a frame full of biases is refused within the budget`() {
        let room = Limits.controlBytesMax - plain.count - 8
        for payload in [
            Protobuf.field(14, [UInt8](repeating: 1, count: room)),
            Protobuf.field(15, [UInt8](repeating: 0, count: room / 4 * 4)),
            Protobuf.field(15, [UInt8](repeating: 0, count: 5)),
            Protobuf.field(14, [UInt8](repeating: 0xFF, count: room)),
        ] {
            let budget = DecodingBudget()
            let error = error(plain + payload, budget)
            #expect(error?.code == .limit || error?.code == .malformed)
            #expect(budget.byteCount <= Limits.controlDecodedBytesMax)
            #expect(budget.liveCount == 0)
        }
    }

    @Test func `penalties, alternatives and prompt end at their limits`() {
        for bound in [-2, 2] as [Float] {
            let beyond = bound * 1.000001
            #expect(code { $0.presencePenalty = bound } == nil)
            #expect(code { $0.presencePenalty = beyond } == .limit)
            #expect(code { $0.frequencyPenalty = bound } == nil)
            #expect(code { $0.frequencyPenalty = beyond } == .limit)
        }
        #expect(code { $0.presencePenalty = .nan } == .limit)
        #expect(code { $0.alternativeCount = UInt32(Limits.alternativesMax) } == nil)
        #expect(code { $0.alternativeCount = UInt32(Limits.alternativesMax) + 1 } == .limit)
        for (count, expected) in [(Limits.contextMax, nil), (Limits.contextMax + 1, WireError.Code.limit)] {
            #expect(
                code(Opening(slot: 0, sampling: .init(), promptTokenCount: UInt32(count))) == expected)
        }
    }

    @Test func `a request's id is a name or empty`() throws {
        func code(_ id: String) -> WireError.Code? {
            self.code(Opening(slot: 0, sampling: .init(), requestID: id))
        }
        #expect(code("") == nil)
        #expect(code(String(repeating: "r", count: Limits.nameBytesMax)) == nil)
        #expect(code(String(repeating: "r", count: Limits.nameBytesMax + 1)) == .limit)
        for id in ["a\nb", "\u{1B}[31m", "\u{0}", "\u{85}"] { #expect(code(id) == .text) }
        #expect(error(plain + Protobuf.field(18, [0xFF]))?.code == .text)
    }
}
