// SPDX-License-Identifier: MIT

/// The type of a metadata value; raw values as on disk.
package enum GGUFValueType: UInt32, CaseIterable, Sendable {
    case uint8 = 0
    case int8 = 1
    case uint16 = 2
    case int16 = 3
    case uint32 = 4
    case int32 = 5
    case float32 = 6
    case bool = 7
    case string = 8
    case array = 9
    case uint64 = 10
    case int64 = 11
    case float64 = 12

    /// Bytes of one value, or `nil` where the value itself tells.
    var byteCount: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .string, .array: nil
        }
    }
}

/// One metadata value.
///
/// Strings and arrays stay in the file: a vocabulary is read when somebody wants it.
package enum GGUFValue: Equatable, Sendable {
    case unsigned(UInt64)
    case signed(Int64)
    case float(Double)
    case bool(Bool)
    /// The string's bytes, as a range of the file; not necessarily valid UTF-8.
    case string(Range<Int>)
    case array(GGUFArray)

    /// For error messages.
    var kindName: String {
        switch self {
        case .unsigned, .signed: "an integer"
        case .float: "a floating-point number"
        case .bool: "a truth value"
        case .string: "a string"
        case .array(let array): "an array of \(array.elementType)"
        }
    }
}

/// An array whose extent has been checked against the file.
package struct GGUFArray: Equatable, Sendable {
    package let elementType: GGUFValueType
    package let count: Int
    /// The elements' bytes, as a range of the file.
    package let range: Range<Int>
}
