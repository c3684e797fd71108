// SPDX-License-Identifier: MIT

/// The definitions that CTernary.h gives, written once more as plainly as possible.
enum Reference {
    /// Sixteen partial sums by index mod 16, then the tree 8, 4, 2, 1.
    static func sum<T: BinaryFloatingPoint>(_ terms: [T]) -> T {
        var lanes = [T](repeating: 0, count: 16)
        for (index, term) in terms.enumerated() { lanes[index % 16] += term }
        for width in [8, 4, 2, 1] {
            for lane in 0..<width { lanes[lane] += lanes[lane + width] }
        }
        return lanes[0]
    }

    static func dot(_ a: some Sequence<Float>, _ b: some Sequence<Float>) -> Float {
        sum(zip(a, b).map { $0 * $1 })
    }

    static func rmsNorm(_ x: [Float], weight: [Float], epsilon: Float) -> [Float] {
        let mean = dot(x, x) / Float(x.count)
        let factor = 1 / (mean + epsilon).squareRoot()
        return zip(x, weight).map { $0 * factor * $1 }
    }

    static func quantise(_ x: [Float]) -> (codes: [Int8], scale: Float) {
        let largest = x.reduce(1e-5) { max($0, abs($1)) }
        let scale = 127 / largest
        return (x.map { Int8(max(-127, min(127, ($0 * scale).rounded(.toNearestOrEven)))) }, scale)
    }

    /// e^x by the steps of lanes/exponential.h.
    static func exp(_ argument: Float) -> Float {
        let x = min(max(argument, -105), 90)
        let rounded = (x * 0x1.715476p0 + 0x1.8p23) - 0x1.8p23
        var r = x - rounded * 0x1.62e4p-1
        r -= rounded * 0x1.7f7d1cp-20
        let coefficients: [Float] = [
            0x1.6a23dcp-10, 0x1.123a26p-7, 0x1.5558f4p-5, 0x1.55549p-3, 0x1.fffffcp-2,
        ]
        var p = coefficients[0]
        for coefficient in coefficients.dropFirst() { p = p * r + coefficient }
        p = r * r * p + r + 1
        let n = Int(rounded)
        let half = n >> 1
        return p * power(half) * power(n - half)
    }

    private static func power(_ exponent: Int) -> Float {
        Float(bitPattern: UInt32(exponent + 127) << 23)
    }

    /// To 13 significant bits, so that the product with a half float is exact; tiny numbers become zero.
    static func roundedTo13Bits(_ x: Float) -> Float {
        let scaled = x * 0x1p15
        let split = scaled * 2049
        let rounded = (split - (split - scaled)) * 0x1p-15
        return abs(rounded) < 0x1p-90 ? 0 : rounded
    }
}
