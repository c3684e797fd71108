// SPDX-License-Identifier: MIT
import CPlatform
import CTernary
import Testing

/// A ternary matrix whose scales belong to groups of a row, or to rows.
struct GroupedTrits {
    let trits: Trits
    let group: Int
    let scaleType: bn_scale_type
    /// `[rows, groups]`, all of a row alike where a row has one.
    let scales: [Float]

    var rows: Int { trits.rows }
    var columns: Int { trits.columns }
    var groupCount: Int { columns / group }

    init(_ trits: Trits, group: Int, _ scaleType: bn_scale_type, scale: (_ row: Int, _ group: Int) -> Float) {
        self.trits = trits
        self.group = group
        self.scaleType = scaleType
        let groupCount = trits.columns / group
        scales = (0..<trits.rows).flatMap { row in
            scaleType == BN_SCALE_ROW
                ? Array(repeating: scale(row, 0), count: groupCount)
                : (0..<groupCount).map { scale(row, $0) }
        }
    }

    /// Scales of many sizes, zero among them, all of them half floats.
    init(rows: Int, columns: Int, group: Int, _ scaleType: bn_scale_type, seed: UInt64) {
        var generator = Generator(seed: seed)
        let sizes: [Float] = [0, 0x1p-24, 0x1p-14, 0x1.94p-7, 1, 1.5, 3.75, 65504]
        self.init(Trits(rows: rows, columns: columns, seed: seed &+ 1), group: group, scaleType) { _, _ in
            sizes[Int(generator.next() % 8)]
        }
    }

    /// Rows as `bn_matrix_fill` takes them.
    var bytes: [UInt8] {
        (0..<rows).flatMap { row in
            let weights = trits.weights[row * columns..<(row + 1) * columns]
            let own = scales[row * groupCount..<(row + 1) * groupCount]
            switch scaleType {
            case BN_SCALE_ROW: return Trits.t5(weights) + Self.littleEndian(own.prefix(1))
            case BN_SCALE_HALF:
                return packedGroups(weights)
                    + own.flatMap { withUnsafeBytes(of: Float16($0).bitPattern.littleEndian, Array.init) }
            default: return packedGroups(weights) + Self.littleEndian(own)
            }
        }
    }

    /// Each of an even number of bytes.
    private func packedGroups(_ weights: ArraySlice<Int8>) -> [UInt8] {
        stride(from: weights.startIndex, to: weights.endIndex, by: group).flatMap { start in
            let bytes = Trits.t5(weights[start..<start + group])
            return bytes.count.isMultiple(of: 2) ? bytes : bytes + [121]
        }
    }

    private static func littleEndian(_ scales: some Sequence<Float>) -> [UInt8] {
        scales.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
    }

    /// Σ over groups in order of float(Σ weight·code)·(scale·code scale), every operation rounded.
    func product(row: Int, codes: [Int8], codeScales: [Float]) -> Float {
        var sum: Float = 0
        for index in 0..<groupCount {
            let columns = index * group..<(index + 1) * group
            let exact = columns.reduce(0) {
                $0 + Int(trits.weights[row * self.columns + $1]) * Int(codes[$1])
            }
            let scale = scaleType == BN_SCALE_ROW ? 1 : scales[row * groupCount + index]
            let factor = scale * codeScales[index]
            let term = Float(exact) * factor
            sum += term
        }
        return scaleType == BN_SCALE_ROW ? sum * scales[row * groupCount] : sum
    }
}

/// A matrix of scaled groups laid out for one instruction set.
final class GroupedMatrix {
    let pointer: OpaquePointer
    let rows: Int

    init(_ matrix: GroupedTrits, on variant: Variant, pool: Pool? = nil) throws {
        pointer = try #require(
            bn_matrix_create_grouped(
                variant.kernels, matrix.rows, matrix.columns, matrix.group, matrix.scaleType))
        rows = matrix.rows
        var badOffset = 0
        try #require(bn_matrix_fill(pointer, pool?.pointer, matrix.bytes, &badOffset) == BN_OK)
    }

    deinit { bn_matrix_destroy(pointer) }
}

/// Activations that are quantised in groups.
final class GroupedActivations {
    let pointer: OpaquePointer
    let tokens: Int
    let columns: Int
    let group: Int

    init(
        _ x: [Float], tokens: Int, group: Int, on variant: Variant, dotTokensMin: Int = 2,
        isByToken: Bool = false,
        pool: Pool? = nil
    ) throws {
        columns = x.count / tokens
        self.tokens = tokens
        self.group = group
        pointer = try #require(
            bn_activations_create(variant.kernels, dotTokensMin, 16, tokens, columns, group))
        let status =
            isByToken
            ? bn_quantise(pointer, pool?.pointer, x, tokens, columns)
            : bn_quantise_groups(pointer, pool?.pointer, x, tokens, columns)
        try #require(status == BN_OK)
    }

    deinit { bn_activations_destroy(pointer) }

    func read(_ token: Int) -> (codes: [Int8], scales: [Float]) {
        var codes = [Int8](repeating: 0, count: columns)
        var scale: Float = 0
        bn_activations_read(pointer, token, &codes, &scale)
        var scales = [Float](repeating: 0, count: columns / group)
        bn_activations_read_scales(pointer, token, &scales)
        return (codes, scales)
    }

    /// The product `[tokens, rows]`.
    func product(_ matrix: GroupedMatrix, addedTo start: Float? = nil, pool: Pool? = nil) -> [Float] {
        var out = [Float](repeating: start ?? .nan, count: tokens * matrix.rows)
        out.withUnsafeMutableBufferPointer { out in
            let product = bn_product(
                matrix: matrix.pointer, out: out.baseAddress, out_stride: matrix.rows,
                accumulate: start != nil)
            withUnsafePointer(to: product) { bn_multiply(pool?.pointer, pointer, $0, 1) }
        }
        return out
    }
}
