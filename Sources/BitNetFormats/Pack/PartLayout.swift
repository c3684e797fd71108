// SPDX-License-Identifier: MIT

package import BitNetCore

/// Where everything stands in a part file.
///
/// A part file is little-endian and canonical: the tensors' shapes and encodings decide every other byte
/// but the weights, so equal weights make equal files.
///
///     offset  size  field
///     0       4     magic "BNPT"
///     4       4     u32 version, 1
///     8       4     u32 header length H: 16 + 40·n rounded up to 64
///     12      4     u32 tensor count n, 1...64
///     16      40·n  one entry for each tensor, in ascending order of role:
///                     0   u8   role        (TensorRole)
///                     1   u8   encoding    (TensorEncoding)
///                     2   u16  zero
///                     4   f32  scale: finite, ≥ 0; 1 unless the encoding is T5
///                     8   u64  rows
///                     16  u64  columns
///                     24  u64  offset from the start of the file
///                     32  u64  byte count: rows × bytes of one row in this encoding
///     …       …     zero up to H
///     H       …     the tensors one after the other, each starting at the next multiple of 64, the space
///                   between them and behind the last one zero; the file's length is a multiple of 64
///
/// Neither the kind of part nor a layer's number is in the file: a layer's file may serve as any layer, and
/// a tied head is the embedding's file.
package struct PartLayout: Equatable, Sendable {
    /// One row of the tensor table but for the scale.
    package struct Entry: Equatable, Sendable {
        package let role: TensorRole
        package let encoding: TensorEncoding
        package let rows: Int
        package let columns: Int
        package let offset: Int
        package let byteCount: Int

        package var range: Range<Int> { offset..<offset + byteCount }
    }

    static let magic: [UInt8] = Array("BNPT".utf8)
    static let version: UInt32 = 1
    static let alignment = 64
    static let fixedByteCount = 16
    static let entryByteCount = 40

    package let entries: [Entry]
    package let headerByteCount: Int
    package let byteCount: Int

    /// Lays out tensors in the given order.
    ///
    /// - Returns: `nil` if there are too many tensors or bytes for a part file, or if a row is not whole
    ///   blocks of its encoding.
    package init?(_ tensors: [(role: TensorRole, encoding: TensorEncoding, rows: Int, columns: Int)]) {
        guard (1...Limits.tensorsPerPartMax).contains(tensors.count) else { return nil }
        headerByteCount = Self.headerByteCount(tensorCount: tensors.count)
        var entries: [Entry] = []
        var end = headerByteCount
        for tensor in tensors {
            // One factor is a row in bytes, at most 2²⁰ for any shape below the limits.
            guard (1...Limits.vocabularyMax).contains(tensor.rows),
                (1...Limits.feedForwardSizeMax).contains(tensor.columns),
                tensor.encoding.divides(columns: tensor.columns)
            else { return nil }
            let byteCount = tensor.rows * tensor.encoding.rowByteCount(columns: tensor.columns)
            entries.append(
                Entry(
                    role: tensor.role, encoding: tensor.encoding, rows: tensor.rows, columns: tensor.columns,
                    offset: end, byteCount: byteCount))
            end = Self.aligned(end + byteCount)
            guard end <= Limits.partBytesMax else { return nil }
        }
        self.entries = entries
        byteCount = end
    }

    static func headerByteCount(tensorCount: Int) -> Int {
        aligned(fixedByteCount + entryByteCount * tensorCount)
    }

    static func aligned(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }

    /// The header's bytes; there is a scale for each entry.
    package func header(scales: [Float]) -> [UInt8] {
        var bytes = Self.magic
        bytes.append(littleEndian: Self.version)
        bytes.append(littleEndian: UInt32(clamping: headerByteCount))
        bytes.append(littleEndian: UInt32(clamping: entries.count))
        for (entry, scale) in zip(entries, scales) {
            bytes.append(entry.role.rawValue)
            bytes.append(entry.encoding.rawValue)
            bytes.append(littleEndian: UInt16(0))
            bytes.append(littleEndian: scale)
            bytes.append(littleEndian: UInt64(clamping: entry.rows))
            bytes.append(littleEndian: UInt64(clamping: entry.columns))
            bytes.append(littleEndian: UInt64(clamping: entry.offset))
            bytes.append(littleEndian: UInt64(clamping: entry.byteCount))
        }
        bytes.append(contentsOf: repeatElement(0, count: headerByteCount - bytes.count))
        return bytes
    }
}
