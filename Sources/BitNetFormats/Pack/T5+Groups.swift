// SPDX-License-Identifier: MIT

package import BitNetCore

/// Rows of trits with their scales.
extension T5 {
    /// Index of the first byte of a row that its writer cannot have made: one that is no five trits, padding that is not
    /// zero weights, or the first byte of a scale that is negative or not finite; `nil` if the row is valid.
    ///
    /// - Parameter encoding: any of trits; its blocks divide `columns`.
    package static func firstInvalidByte(
        in row: UnsafeRawBufferPointer, columns: Int, _ encoding: TensorEncoding
    ) -> Int? {
        guard row.count >= encoding.rowByteCount(columns: columns) else { return row.count }
        let group = encoding.scaleGroup ?? columns
        let byteCount = encoding.scaleGroup == nil ? rowByteCount(columns: columns) : encoding.groupByteCount
        let count = columns / max(group, 1)
        for index in 0..<count {
            let start = index * byteCount
            let trits = UnsafeRawBufferPointer(rebasing: row[start..<start + byteCount])
            if let invalid = firstInvalidByte(in: trits, columns: group) { return start + invalid }
            // Whole bytes of padding.
            for place in rowByteCount(columns: group)..<byteCount where trits[place] != zeros {
                return start + place
            }
        }
        guard encoding.hasScalesInRows else { return nil }
        for index in 0..<count {
            let place = count * byteCount + index * encoding.scaleByteCount
            if !isScale(row, at: place, byteCount: encoding.scaleByteCount) { return place }
        }
        return nil
    }

    private static func isScale(_ row: UnsafeRawBufferPointer, at place: Int, byteCount: Int) -> Bool {
        if byteCount == 2 {
            return UInt16(littleEndian: row.loadUnaligned(fromByteOffset: place, as: UInt16.self)) < 0x7C00
        }
        return UInt32(littleEndian: row.loadUnaligned(fromByteOffset: place, as: UInt32.self)) < 0x7F80_0000
    }
}
