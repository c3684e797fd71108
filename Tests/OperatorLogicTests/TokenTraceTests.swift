// SPDX-License-Identifier: MIT
import OperatorLogic
import Testing

@Suite struct TokenTraceTests {
    private func trace(_ entries: (String, Float)...) -> TokenTrace {
        var trace = TokenTrace()
        for (name, value) in entries { trace.append(name, value) }
        return trace
    }

    @Test func `traces are the same only to the last bit`() {
        let one = trace(("a", -0.1), ("b", -2.5))
        #expect(one.difference(from: one) == nil)
        #expect(trace().difference(from: trace()) == nil)
        let other = trace(("a", -0.1), ("b", (-2.5 as Float).nextUp))
        #expect(one.difference(from: other)?.place == 1)
        #expect(one.difference(from: other)?.local?.logProbability == (-2.5 as Float).nextUp)
        #expect(one.difference(from: trace(("a", -0.1), ("c", -2.5)))?.local?.token == "c")
    }

    @Test func `a trace that ends early differs where it ends`() {
        let long = trace(("a", -0.1), ("b", -2.5))
        let short = trace(("a", -0.1))
        #expect(long.difference(from: short)?.place == 1)
        #expect(long.difference(from: short)?.local == nil)
        #expect(short.difference(from: long)?.cluster == nil)
        #expect(short.difference(from: long)?.local?.token == "b")
    }

    @Test func `tokens and numbers are written as the gateway writes them`() {
        #expect(TokenTrace.name(of: Array(" é".utf8)) == " é")
        #expect(TokenTrace.name(of: [0xE2, 0x80]) == "bytes:\\xe2\\x80")
        #expect(TokenTrace.name(of: [0x0A, 0xFF]) == "bytes:\\x0a\\xff")
        #expect(TokenTrace.name(of: [UInt8]()) == "")
        #expect(TokenTrace.written(-.infinity) == -9999)
        #expect(TokenTrace.written(.nan) == -9999)
        #expect(TokenTrace.written(1e-7) == 0)
        #expect(TokenTrace.written(-1.5) == -1.5)
    }
}
