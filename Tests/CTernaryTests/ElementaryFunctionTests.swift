// SPDX-License-Identifier: MIT
import CTernary
import Glibc
import Testing

/// The C library's double functions, within half an ulp and a bit, are the reference.
@Suite struct ElementaryFunctionTests {
    private func ulps(_ value: Double, _ reference: Double) -> Double {
        value == reference ? 0 : abs(value - reference) / reference.ulp
    }

    @Test func `float exp is within 1.5 ulp`() {
        var generator = Generator(seed: 1)
        for _ in 0..<50_000 {
            let x = Float.random(in: -87...88.5, using: &generator)
            #expect(CTernaryTests.ulps(Reference.exp(x), exp(Double(x))) <= 1.5, "\(x)")
        }
        // Subnormal results are off by their own rounding at most.
        for _ in 0..<5_000 {
            let x = Float.random(in: -104 ... -87, using: &generator)
            #expect(CTernaryTests.ulps(Reference.exp(x), exp(Double(x))) <= 1.5, "\(x)")
        }
        #expect(Reference.exp(0) == 1)
        #expect(Reference.exp(-.infinity) == 0)
        #expect(Reference.exp(89) == .infinity)
    }

    @Test func `double exp is within 1.5 ulp`() {
        var generator = Generator(seed: 2)
        for _ in 0..<50_000 {
            let x = Double.random(in: -708...709.5, using: &generator)
            #expect(ulps(bn_exp(x), exp(x)) <= 1.5, "\(x)")
        }
        #expect(bn_exp(0) == 1)
        #expect(bn_exp(-0.0) == 1)
        #expect(bn_exp(-.infinity) == 0)
        #expect(bn_exp(-746) == 0)
        #expect(bn_exp(-744.5) == .leastNonzeroMagnitude)
        #expect(bn_exp(710) == .infinity)
        #expect(bn_exp(.infinity) == .infinity)
        #expect(bn_exp(.nan).isNaN)
    }

    @Test func `double log is within 2 ulp`() {
        var generator = Generator(seed: 3)
        for _ in 0..<50_000 {
            let x = Double(bitPattern: generator.next() % 0x7ff0_0000_0000_0000)
            #expect(ulps(bn_log(x), log(x)) <= 2, "\(x)")
            let near = Double.random(in: 0.5...2, using: &generator)
            #expect(ulps(bn_log(near), log(near)) <= 2, "\(near)")
        }
        #expect(bn_log(1) == 0)
        #expect(bn_log(0) == -.infinity)
        #expect(bn_log(.infinity) == .infinity)
        #expect(bn_log(-1).isNaN)
        #expect(bn_log(.nan).isNaN)
        #expect(ulps(bn_log(.leastNonzeroMagnitude), log(.leastNonzeroMagnitude)) <= 2)
    }

    @Test(arguments: [10_000, 500_000, 1_000_042])
    func `the rotary table is right to the last bit but one`(base: Double) throws {
        let positions = 3000
        let headSize = 128
        var cosines = [Float](repeating: 0, count: positions * headSize / 2)
        var sines = cosines
        bn_rope_table(&cosines, &sines, positions, headSize, base)
        for position in stride(from: 0, to: positions, by: 7) {
            for j in stride(from: 0, to: headSize / 2, by: 5) {
                let angle = Double(position) * pow(base, -2 * Double(j) / Double(headSize))
                let index = position * headSize / 2 + j
                #expect(abs(Double(cosines[index]) - cos(angle)) <= 0x1p-24)
                #expect(abs(Double(sines[index]) - sin(angle)) <= 0x1p-24)
            }
        }
    }

    @Test func `the rotary table holds for the longest context`() {
        // The last position of 2^20, at frequency 1, where the reduction by π/2 is hardest.
        let positions = 1 << 20
        var cosines = [Float](repeating: 0, count: positions)
        var sines = cosines
        bn_rope_table(&cosines, &sines, positions, 2, 10_000)
        for position in stride(from: positions - 1, to: 0, by: -991) {
            #expect(CTernaryTests.ulps(cosines[position], cos(Double(position))) <= 0.51)
            #expect(CTernaryTests.ulps(sines[position], sin(Double(position))) <= 0.51)
        }
    }
}
