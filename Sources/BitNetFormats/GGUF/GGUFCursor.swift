// SPDX-License-Identifier: MIT

import BitNetCore

/// Reads the parts of a GGUF header in order; every failure names the file and the byte.
struct GGUFCursor {
    private var reader: LittleEndianReader
    private let bytes: UnsafeRawBufferPointer
    let file: String

    init(_ bytes: UnsafeRawBufferPointer, file: String) {
        reader = LittleEndianReader(bytes)
        self.bytes = bytes
        self.file = file
    }

    var offset: Int { reader.offset }
    var remaining: Int { reader.remaining }

    mutating func integer<T: FixedWidthInteger>(_ type: T.Type, _ what: String) throws(ModelFileError) -> T {
        if let value = reader.integer(type) { return value }
        throw truncated(what, needed: MemoryLayout<T>.size)
    }

    /// A count or length written as u64 that must also be a sensible `Int`.
    mutating func count(_ what: String, max: Int) throws(ModelFileError) -> Int {
        let start = offset
        let value = try integer(UInt64.self, what)
        guard value <= UInt64(clamping: max) else {
            throw ModelFileError(
                .limitExceeded, file: file, subject: what, offset: start, found: "\(value)",
                expected: "at most \(max)")
        }
        return Int(clamping: value)
    }

    /// A u64 length and as many bytes, as a range of the file.
    mutating func string(_ what: String, max: Int) throws(ModelFileError) -> Range<Int> {
        let byteCount = try count("length of \(what)", max: max)
        let start = offset
        guard reader.skip(byteCount) else { throw truncated(what, needed: byteCount) }
        return start..<offset
    }

    /// The text of a range that `string` returned, or `nil` if it is not UTF-8.
    func text(_ range: Range<Int>) -> String? {
        String(validating: bytes[range], as: UTF8.self)
    }

    mutating func value(_ type: GGUFValueType, _ what: String) throws(ModelFileError) -> GGUFValue {
        switch type {
        case .uint8: .unsigned(UInt64(clamping: try integer(UInt8.self, what)))
        case .uint16: .unsigned(UInt64(clamping: try integer(UInt16.self, what)))
        case .uint32: .unsigned(UInt64(clamping: try integer(UInt32.self, what)))
        case .uint64: .unsigned(try integer(UInt64.self, what))
        case .int8: .signed(Int64(clamping: try integer(Int8.self, what)))
        case .int16: .signed(Int64(clamping: try integer(Int16.self, what)))
        case .int32: .signed(Int64(clamping: try integer(Int32.self, what)))
        case .int64: .signed(try integer(Int64.self, what))
        case .float32: .float(Double(Float(bitPattern: try integer(UInt32.self, what))))
        case .float64: .float(Double(bitPattern: try integer(UInt64.self, what)))
        case .bool: .bool(try integer(UInt8.self, what) != 0)
        case .string: .string(try string(what, max: Limits.ggufStringBytesMax))
        case .array: .array(try array(what))
        }
    }

    private mutating func array(_ what: String) throws(ModelFileError) -> GGUFArray {
        let elementType = try valueType("element type of \(what)")
        guard elementType != .array else {
            throw ModelFileError(
                .malformedValue, file: file, subject: what, offset: offset, found: "an array of arrays",
                expected: "an array of plain values")
        }
        let elementBytes = elementType.byteCount ?? MemoryLayout<UInt64>.size
        let count = try count("count of \(what)", max: Int.max)
        let start = offset
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: elementBytes)
        guard !overflow, byteCount <= remaining else {
            throw truncated(what, needed: overflow ? Int.max : byteCount)
        }
        if elementType == .string {
            for _ in 0..<count { _ = try string(what, max: Limits.ggufStringBytesMax) }
        } else {
            _ = reader.skip(byteCount)
        }
        return GGUFArray(elementType: elementType, count: count, range: start..<offset)
    }

    mutating func valueType(_ what: String) throws(ModelFileError) -> GGUFValueType {
        let start = offset
        let raw = try integer(UInt32.self, what)
        guard let type = GGUFValueType(rawValue: raw) else {
            throw ModelFileError(
                .malformedValue, file: file, subject: what, offset: start, found: "value type \(raw)",
                expected: "0...12")
        }
        return type
    }

    private func truncated(_ what: String, needed: Int) -> ModelFileError {
        ModelFileError(
            .truncated, file: file, subject: what, offset: offset,
            found: "\(remaining) bytes to the end of the file, which has \(bytes.count)",
            expected: "\(needed) bytes")
    }
}
