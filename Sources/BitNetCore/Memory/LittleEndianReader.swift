// SPDX-License-Identifier: MIT

/// Reads little-endian values from bytes that nobody has checked yet.
///
/// Every read is bounds-checked and returns `nil` at the end instead of trapping.
package struct LittleEndianReader {
    private let bytes: UnsafeRawBufferPointer
    package private(set) var offset = 0

    /// Safety: the caller keeps `bytes` alive and unchanged while the reader is used.
    package init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    package var remaining: Int { bytes.count - offset }

    package mutating func integer<T: FixedWidthInteger>(_: T.Type) -> T? {
        guard remaining >= MemoryLayout<T>.size else { return nil }
        let value = bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
        offset += MemoryLayout<T>.size
        return T(littleEndian: value)
    }

    package mutating func float() -> Float? {
        integer(UInt32.self).map(Float.init(bitPattern:))
    }

    /// - Returns: `nil` if fewer than `count` bytes remain or `count` is negative.
    package mutating func raw(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, remaining >= count else { return nil }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    package mutating func array(_ count: Int) -> [UInt8]? {
        raw(count).map { [UInt8]($0) }
    }

    package mutating func skip(_ count: Int) -> Bool {
        guard count >= 0, remaining >= count else { return false }
        offset += count
        return true
    }
}

extension Array where Element == UInt8 {
    package mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    package mutating func append(littleEndian value: Float) {
        append(littleEndian: value.bitPattern)
    }
}
