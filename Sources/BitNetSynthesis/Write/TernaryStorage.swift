// SPDX-License-Identifier: MIT

package import BitNetCore
package import BitNetFormats

/// How a writer stores the codes of a matrix.
///
/// A *unit* is the fewest rows that fill whole bytes and blocks by themselves. The file is its units one after
/// another, so any run of them can be made without the others.
package enum TernaryStorage: Equatable, Sendable {
    /// Rows of blocks with an f16 scale each.
    case blocks(TernaryBlock)
    /// Two bits a trit in one flat run of all rows, then the f32 scale and 28 bytes of zero.
    case i2s(I2SLayout)
    /// Two bits a trit, byte (r, k) from rows r, r + R, r + 2R, r + 3R of 4R; the scale stands elsewhere.
    case packedRows
    /// −s, 0, +s as plain floats.
    case dense(TensorEncoding)

    /// What `rows` and `columns` must be a multiple of, or `nil` if they are.
    ///
    /// - Parameter scaleGroup: weights of a row that share a scale; all of the matrix if `nil`.
    package func misfit(rows: Int, columns: Int, scaleGroup: Int? = nil) -> String? {
        switch self {
        case .blocks(let block) where block.elementCount > scaleGroup ?? .max:
            "a scale for \(block.elementCount) weights, not for \(scaleGroup ?? 0)"
        case .i2s where scaleGroup != nil, .packedRows where scaleGroup != nil: "one scale for a matrix"
        case .blocks(let block) where !columns.isMultiple(of: block.elementCount):
            "rows of a multiple of \(block.elementCount) weights"
        case .i2s(.a) where !(rows * columns).isMultiple(of: 128): "a multiple of 128 weights in all"
        case .i2s(.b) where !(rows * columns).isMultiple(of: 64): "a multiple of 64 weights in all"
        case .i2s(.c) where !rows.isMultiple(of: 4), .packedRows where !rows.isMultiple(of: 4):
            "a multiple of 4 rows"
        case .blocks, .i2s, .packedRows, .dense: nil
        }
    }

    package func rowsPerUnit(columns: Int) -> Int {
        switch self {
        case .blocks, .dense: 1
        case .i2s(.a): 128 / Self.commonDivisor(128, columns)
        case .i2s(.b): 64 / Self.commonDivisor(64, columns)
        case .i2s(.c), .packedRows: 4
        }
    }

    package func unitByteCount(columns: Int) -> Int {
        switch self {
        case .blocks(let block): columns / block.elementCount * block.byteCount
        case .i2s, .packedRows: rowsPerUnit(columns: columns) * columns / 4
        case .dense(let encoding): encoding.rowByteCount(columns: columns)
        }
    }

    /// The rows of the matrix that a unit holds, in the order in which ``encode`` wants them.
    package func row(_ index: Int, ofUnit unit: Int, rows: Int, columns: Int) -> Int {
        self == .packedRows ? unit + index * (rows / 4) : unit * rowsPerUnit(columns: columns) + index
    }

    /// What follows the last unit.
    package func tail(scale: Float) -> [UInt8] {
        guard case .i2s = self else { return [] }
        var tail: [UInt8] = []
        tail.append(littleEndian: scale)
        return tail + [UInt8](repeating: 0, count: 28)
    }

    /// Encodes one unit.
    ///
    /// - Parameters:
    ///   - codes: `[rowsPerUnit, columns]`, each 0, 1 or 2.
    ///   - scales: a weight is (code − 1) · scale; rounded to f16 or bf16 where the storage holds that. One, or where
    ///     units are single rows one for each of as many equal pieces of the row, which are whole blocks.
    ///   - unit: `unitByteCount(columns:)` bytes.
    package func encode(
        _ codes: UnsafePointer<UInt8>, columns: Int, scales: [Float], into unit: UnsafeMutableRawPointer
    ) {
        let piece = columns / scales.count
        switch self {
        case .blocks(let block):
            for index in 0..<columns / block.elementCount {
                block.encode(
                    codes + index &* block.elementCount,
                    scaleBits: Float16(scales[index &* block.elementCount / piece]).bitPattern,
                    into: unit + index &* block.byteCount)
            }
        case .i2s(.a):
            Self.encodeFlat(codes, rowsPerUnit(columns: columns) * columns, quarter: 32, into: unit)
        case .i2s(.b):
            Self.encodeFlat(codes, rowsPerUnit(columns: columns) * columns, quarter: 16, into: unit)
        case .i2s(.c): Self.encodeFlat(codes, 4 * columns, quarter: columns, into: unit)
        case .packedRows: Self.encodeRows(codes, columns, into: unit)
        case .dense(let encoding):
            let byteCount = encoding.rowByteCount(columns: piece)
            for (index, scale) in scales.enumerated() {
                Self.encodeDense(
                    codes + index * piece, piece, scale, encoding, into: unit + index * byteCount)
            }
        }
    }

    private static func encodeDense(
        _ codes: UnsafePointer<UInt8>, _ columns: Int, _ scale: Float, _ encoding: TensorEncoding,
        into unit: UnsafeMutableRawPointer
    ) {
        switch encoding {
        case .float32: encodeDense(codes, columns, magnitude: scale.bitPattern, into: unit)
        case .float16: encodeDense(codes, columns, magnitude: Float16(scale).bitPattern, into: unit)
        case .bfloat16: encodeDense(codes, columns, magnitude: BFloat16.bits(scale), into: unit)
        default: preconditionFailure("\(encoding) is not of plain floats")
        }
    }

    /// Blocks of four quarters: the quarters share their bytes, the first in the highest bits.
    @inline(__always)
    private static func encodeFlat(
        _ codes: UnsafePointer<UInt8>, _ count: Int, quarter: Int, into unit: UnsafeMutableRawPointer
    ) {
        for block in 0..<count / (4 &* quarter) {
            let codes = codes + block &* 4 &* quarter
            let bytes = unit.assumingMemoryBound(to: UInt8.self) + block &* quarter
            for index in 0..<quarter {
                bytes[index] =
                    codes[index] &<< 6 | codes[index &+ quarter] &<< 4 | codes[index &+ 2 &* quarter] &<< 2
                    | codes[index &+ 3 &* quarter]
            }
        }
    }

    /// Four rows share their bytes, the first in the lowest bits.
    private static func encodeRows(
        _ codes: UnsafePointer<UInt8>, _ columns: Int, into unit: UnsafeMutableRawPointer
    ) {
        let bytes = unit.assumingMemoryBound(to: UInt8.self)
        for index in 0..<columns {
            bytes[index] =
                codes[index] | codes[index &+ columns] &<< 2 | codes[index &+ 2 &* columns] &<< 4
                | codes[index &+ 3 &* columns] &<< 6
        }
    }

    @inline(__always)
    private static func encodeDense<Bits: FixedWidthInteger & UnsignedInteger>(
        _ codes: UnsafePointer<UInt8>, _ columns: Int, magnitude: Bits, into unit: UnsafeMutableRawPointer
    ) {
        let sign = Bits(1) &<< Bits(Bits.bitWidth - 1)
        let (negative, positive) = ((magnitude | sign).littleEndian, magnitude.littleEndian)
        let values = unit.assumingMemoryBound(to: Bits.self)
        for index in 0..<columns {
            let code = codes[index]
            values[index] = code == 1 ? 0 : code == 0 ? negative : positive
        }
    }

    private static func commonDivisor(_ left: Int, _ right: Int) -> Int {
        right == 0 ? left : commonDivisor(right, left % right)
    }
}

/// The upper half of an f32.
package enum BFloat16 {
    /// The nearest bf16, ties to even; `value` must be finite.
    package static func bits(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits &>> 16 & 1)) &>> 16)
    }

    package static func value(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
}
