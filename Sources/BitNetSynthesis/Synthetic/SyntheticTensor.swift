// SPDX-License-Identifier: MIT

package import BitNetCore
import BitNetFormats

/// One tensor of a synthetic model: what it holds is a function of the seed, its role, its layer, row and column,
/// and of nothing else, so every type of file describes the same model.
package struct SyntheticTensor: Sendable {
    package let role: TensorRole
    /// `nil` outside the layers.
    package let layer: Int?
    package let form: TensorShape.Form
    package let rows: Int
    package let columns: Int
    /// Whether it holds trits: a matrix of a layer, or any of a model that is ternary as a whole.
    package let isTernary: Bool
    /// Of a ternary matrix; a float of at most four significant bits, which every type of file holds exactly.
    package let scale: Float
    /// Weights of a row that have a scale of their own, near that of the matrix; `nil` if there is but one.
    package let scaleGroup: Int?
    /// Of a table or of gains.
    let values: NormalValues
    private let key: UInt64

    init(
        _ shape: TensorShape, layer: Int?, seed: UInt64, hasPowerOfTwoScale: Bool, scaleGroup: Int?,
        spread: Float
    ) {
        role = shape.role
        self.layer = layer
        form = shape.form
        rows = shape.rows
        columns = shape.columns
        isTernary = shape.form.isTernary || shape.form == .table && scaleGroup != nil
        self.scaleGroup = isTernary ? scaleGroup : nil
        let place = UInt64(shape.role.rawValue) << 32 | UInt64(layer.map { $0 + 1 } ?? 0)
        key = CounterRandom.bits(seed: seed, counter: place)
        scale = Self.scale(
            columns: shape.columns, random: Float(CounterRandom.uniform(seed: key, counter: .max)),
            isPowerOfTwo: hasPowerOfTwoScale)
        values =
            shape.form == .gains ? NormalValues(mean: 1, spread: 0.1) : NormalValues(mean: 0, spread: spread)
    }

    /// About √(1.5/columns), with which a product has the variance of its input; no two matrices need have the
    /// same, so that a reader which confuses them is found out.
    private static func scale(columns: Int, random: Float, isPowerOfTwo: Bool) -> Float {
        let usual = (1.5 / Float(columns)).squareRoot() * (0.75 + 0.5 * random)
        let power = Float(sign: .plus, exponent: usual.exponent, significand: 1)
        if isPowerOfTwo { return usual.significand < 1.5 ? power : power * 2 }
        return (usual / power * 8).rounded(.toNearestOrEven) / 8 * power
    }

    /// One for each group of a row, or the one of the matrix.
    package func scales(row: Int) -> [Float] {
        guard let scaleGroup else { return [scale] }
        let power = Float(sign: .plus, exponent: scale.exponent, significand: 1)
        return (0..<columns / scaleGroup).map { group in
            // Behind the counters that the codes take.
            let bits = CounterRandom.bits(seed: rowSeed(row), counter: 1 << 32 | UInt64(group))
            return power * (1 + Float(bits & 7) / 8)
        }
    }

    func rowSeed(_ row: Int) -> UInt64 { CounterRandom.bits(seed: key, counter: UInt64(row)) }

    /// Codes of row `row`, each 0, 1 or 2; for tests and small models.
    package func codes(row: Int) -> [UInt8] {
        let maker = RowMaker(columns: columns)
        var codes = [UInt8](repeating: 0, count: columns)
        codes.withUnsafeMutableBufferPointer {
            if let base = $0.baseAddress { maker.makeCodes(self, row, into: base) }
        }
        return codes
    }
}

/// The values that the sum of four random bytes selects: near a normal distribution, and each exactly the same in
/// f32, f16 and bf16.
struct NormalValues: Sendable {
    /// 4 · 255 + 1.
    static let count = 1021
    /// Of a sum of four uniform bytes.
    private static let deviation = Float(4 * 65_535.0 / 12).squareRoot()

    private let values: [Float]

    init(mean: Float, spread: Float) {
        values = (0..<Self.count).map { sum in
            let value = mean + spread * (Float(sum) - 510) / Self.deviation
            return BFloat16.value(BFloat16.bits(Float(Float16(value))))
        }
    }

    func bits16(_ encoding: TensorEncoding) -> [UInt16] {
        values.map { encoding == .float16 ? Float16($0).bitPattern : BFloat16.bits($0) }
    }

    var bits32: [UInt32] { values.map(\.bitPattern) }
}
