// SPDX-License-Identifier: MIT

import CFormats

/// Five trits a byte: Σ codeᵢ·3ⁱ of five consecutive weights of a row, 0...242, least significant first.
///
/// A row's last byte is padded with zero weights (code 1). 1.6 bits a weight; a uniform trit has 1.585.
package enum T5 {
    package static let tritsPerByte = 5
    /// 3⁵ − 1; larger bytes mean nothing.
    package static let lastByte: UInt8 = 242
    /// Five zero weights.
    package static let zeros: UInt8 = 121

    package static func rowByteCount(columns: Int) -> Int { (columns + 4) / 5 }

    /// Packs one row.
    ///
    /// - Parameters:
    ///   - codes: [columns], each 0, 1 or 2.
    ///   - row: room for `rowByteCount(columns:)` bytes.
    package static func encode(
        _ codes: UnsafeBufferPointer<UInt8>, into row: UnsafeMutableRawBufferPointer
    ) {
        precondition(
            row.count >= rowByteCount(columns: codes.count), "T5 row of \(row.count) bytes is too short")
        bn_pack_t5(
            codes.baseAddress, codes.count, row.bindMemory(to: UInt8.self).baseAddress)
    }

    /// Unpacks one valid row to `codes` [columns].
    package static func decode(
        _ row: UnsafeRawBufferPointer, into codes: UnsafeMutableBufferPointer<UInt8>
    ) {
        precondition(
            row.count >= rowByteCount(columns: codes.count), "T5 row of \(row.count) bytes is too short")
        for (index, start) in stride(from: 0, to: codes.count, by: 5).enumerated() {
            var rest = row[index]
            for position in start..<min(start + 5, codes.count) {
                codes[position] = rest % 3
                rest /= 3
            }
        }
    }

    /// The trits −1, 0, +1 of one row, or `nil` if a byte or the padding is invalid.
    package static func trits(_ row: UnsafeRawBufferPointer, columns: Int) -> [Int8]? {
        guard firstInvalidByte(in: row, columns: columns) == nil else { return nil }
        var codes = [UInt8](repeating: 0, count: columns)
        codes.withUnsafeMutableBufferPointer { decode(row, into: $0) }
        return codes.map { Int8(truncatingIfNeeded: $0) - 1 }
    }

    /// Index of the first byte of a row that is above 242, or whose padding is not zero weights; `nil` if the
    /// row is valid.
    package static func firstInvalidByte(in row: UnsafeRawBufferPointer, columns: Int) -> Int? {
        let byteCount = rowByteCount(columns: columns)
        guard row.count >= byteCount else { return row.count }
        if let index = row.prefix(byteCount).firstIndex(where: { $0 > lastByte }) {
            return index - row.startIndex
        }
        let used = columns % 5
        guard used > 0 else { return nil }
        var rest = row[byteCount - 1]
        for _ in 0..<used { rest /= 3 }
        // 1 + 3 + 9 + …: as many codes 1 as there are unused places.
        let padding = (used..<5).reduce(UInt8(0)) { value, _ in value * 3 + 1 }
        return rest == padding ? nil : byteCount - 1
    }
}
