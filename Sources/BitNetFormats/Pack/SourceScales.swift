// SPDX-License-Identifier: MIT

import BitNetCore
import CFormats

/// The granularity of a tensor's scales, found out from its type or from some of its rows.
struct SourceScales {
    let granularity: ScaleGranularity
    /// Whether every scale that was seen is exactly a number of 16 bits.
    let areHalves: Bool

    /// Rows looked at where not all are.
    private static let rowsSeen = 8
    /// The same of an embedding or a head, which need not be ternary at all.
    static let tableRowsSeen = 256

    /// - Parameter rows: how many rows are looked at, evenly spread; all by default.
    /// - Returns: `nil` for plain numbers that are no trits with scales.
    init?(_ tensor: SourceTensor, columns: Int, rows: Int = .max) {
        switch tensor.content {
        case .ternary(.blocks(let block)) where block == .q2Group128 || block == .ptq1 || block == .q1:
            granularity = .group128
            areHalves = true
        case .ternary(.blocks(let block)):
            let survey = Self.survey(tensor, block, columns: columns, rows: rows)
            // Groups of 64 are written for any that are in pairs of equal scale; that they are alike for longer
            // is chance.
            granularity = block == .q2Group64 ? max(survey.granularity, .group128) : survey.granularity
            areHalves = true
        case .ternary(.i2s), .ternary(.packedRows):
            granularity = .matrix
            areHalves = false
        case .table(let encoding):
            guard let format = encoding.plainFormat,
                let found = Self.survey(tensor, encoding, format, columns: columns, rows: rows)
            else { return nil }
            granularity = found.survey.granularity
            areHalves = found.areHalves
        case .unreadable: return nil
        }
    }

    /// - Parameter isWhole: whether all rows of the matrix are looked at, or some.
    init?(_ tensor: SourceTensor, columns: Int, isWhole: Bool) {
        self.init(tensor, columns: columns, rows: isWhole ? .max : Self.rowsSeen)
    }

    /// Indices of at most `count` rows of a tensor, evenly spread.
    private static func rows(of tensor: SourceTensor, atMost count: Int) -> [Int] {
        guard tensor.rows > count else { return Array(0..<tensor.rows) }
        return (0..<count).map { tensor.rows * $0 / count }
    }

    private static func survey(
        _ tensor: SourceTensor, _ block: TernaryBlock, columns: Int, rows: Int
    ) -> ScaleSurvey {
        var survey = ScaleSurvey()
        let count = columns / block.elementCount
        let bytes = tensor.bytes
        var scales = [UInt32](repeating: 0, count: count)
        for row in Self.rows(of: tensor, atMost: rows) {
            guard let start = bytes.baseAddress.map({ $0 + row * count * block.byteCount }) else { break }
            for index in 0..<count {
                let bits = block.scaleBits(start + index * block.byteCount) & 0x7FFF
                // What is no scale is refused when it is read.
                scales[index] = bits < 0x7C00 ? UInt32(truncatingIfNeeded: bits) : 0
            }
            scales.withUnsafeBufferPointer { survey.add($0, unit: block.elementCount) }
        }
        tensor.releasePages(0..<tensor.byteCount)
        return survey
    }

    private static func survey(
        _ tensor: SourceTensor, _ encoding: TensorEncoding, _ format: bn_source_type, columns: Int, rows: Int
    ) -> (survey: ScaleSurvey, areHalves: Bool)? {
        defer { withExtendedLifetime(tensor) {} }
        guard let bytes = tensor.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
        // Rows of other widths can only be of one scale.
        let unit = columns.isMultiple(of: 64) ? 64 : columns
        let count = columns / unit
        var survey = ScaleSurvey()
        var areHalves = true
        var codes = [UInt8](repeating: 0, count: columns)
        var magnitudes = [UInt32](repeating: 0, count: count)
        for row in Self.rows(of: tensor, atMost: rows) {
            let start = bytes + row * encoding.rowByteCount(columns: columns)
            guard bn_unpack_dense_groups(format, start, count, unit, &codes, &magnitudes) == count else {
                return nil
            }
            magnitudes.withUnsafeBufferPointer { survey.add($0, unit: unit) }
            areHalves =
                areHalves
                && (encoding == .float16
                    || magnitudes.allSatisfy {
                        FloatReader.value(bitPattern: $0, encoding).map { Half.bits($0) != nil } ?? false
                    })
        }
        tensor.releasePages(0..<tensor.byteCount)
        return (survey, areHalves)
    }
}

/// Numbers of 16 bits, without the conversions of the standard library, which are calls on older processors.
enum Half {
    /// The bits of a number ≥ 0 that is exactly one of 16 bits and finite; else `nil`.
    static func bits(_ value: Float) -> UInt16? {
        // Moves the bias of the exponent from 127 to 15.
        let half = (value * 0x1p-112).bitPattern >> 13
        guard half < 0x7C00, Float(bitPattern: half << 13) * 0x1p112 == value else { return nil }
        return UInt16(truncatingIfNeeded: half)
    }
}

extension TensorEncoding {
    /// The name that C has for a plain float format; `nil` for others.
    var plainFormat: bn_source_type? {
        switch self {
        case .float32: BN_SOURCE_F32
        case .float16: BN_SOURCE_F16
        case .bfloat16: BN_SOURCE_BF16
        default: nil
        }
    }
}
