// SPDX-License-Identifier: MIT
import BitNetCore

/// Rows of a quantised table and, value by value, the floats that they stand for.
struct QuantisedRows {
    let encoding: TensorEncoding
    let rows: Int
    let columns: Int
    var bytes: [UInt8]

    static let encodings: [TensorEncoding] = [.q8Zero, .q4Zero, .q4K, .q6K]

    /// Blocks of random integers with small finite scales.
    init(_ encoding: TensorEncoding, rows: Int, columns: Int, seed: UInt64) {
        self.encoding = encoding
        self.rows = rows
        self.columns = columns
        var random = TestRandom(seed)
        bytes = (0..<rows * encoding.rowByteCount(columns: columns)).map { _ in
            UInt8.random(in: 0...255, using: &random)
        }
        for block in stride(from: 0, to: bytes.count, by: blockByteCount) {
            for offset in scaleOffsets { bytes[block + offset + 1] = bytes[block + offset + 1] & 0x83 | 0x18 }
        }
    }

    var blockByteCount: Int { encoding.rowByteCount(columns: encoding.blockElementCount) }

    /// Of a block's f16 scales.
    var scaleOffsets: [Int] { encoding == .q6K ? [208] : encoding == .q4K ? [0, 2] : [0] }

    private func half(_ offset: Int) -> Float {
        Float(Float16(bitPattern: UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8))
    }

    /// [rows][columns].
    var floats: [Float] {
        stride(from: 0, to: bytes.count, by: blockByteCount).flatMap { block in
            (0..<encoding.blockElementCount).map { value($0, of: block) }
        }
    }

    private func value(_ index: Int, of block: Int) -> Float {
        switch encoding {
        case .q8Zero: return half(block) * Float(Int8(bitPattern: bytes[block + 2 + index]))
        case .q4Zero:
            let code = bytes[block + 2 + index % 16] >> UInt8(index / 16 * 4) & 15
            return half(block) * Float(Int(code) - 8)
        case .q4K: return valueQ4K(index, of: block)
        case .q6K: return valueQ6K(index, of: block)
        default: return .nan
        }
    }

    private func valueQ4K(_ index: Int, of block: Int) -> Float {
        let group = index / 32
        let packed = bytes[block + 4..<block + 16].map { Int($0) }
        let scale: Int
        let least: Int
        if group < 4 {
            (scale, least) = (packed[group] & 63, packed[group + 4] & 63)
        } else {
            scale = packed[group + 4] & 15 | (packed[group - 4] >> 6) << 4
            least = packed[group + 4] >> 4 | (packed[group] >> 6) << 4
        }
        let code = bytes[block + 16 + group / 2 * 32 + index % 32] >> UInt8(group % 2 * 4) & 15
        let product = half(block) * Float(scale) * Float(code)
        return product - half(block + 2) * Float(least)
    }

    private func valueQ6K(_ index: Int, of block: Int) -> Float {
        let (part, group, place) = (index / 128, index / 32 % 4, index % 32)
        let low = bytes[block + part * 64 + group % 2 * 32 + place] >> UInt8(group / 2 * 4) & 15
        let high = bytes[block + 128 + part * 32 + place] >> UInt8(group * 2) & 3
        let scale = Int8(bitPattern: bytes[block + 192 + index / 16])
        return half(block + 208) * Float(scale) * Float(Int(low | high << 4) - 32)
    }
}
