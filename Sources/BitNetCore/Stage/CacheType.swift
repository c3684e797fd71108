// SPDX-License-Identifier: MIT

/// How keys and values are kept between steps.
///
/// Raw values are what options, documents and messages call it.
package enum CacheType: String, CaseIterable, Sendable {
    /// Exact.
    case f32
    /// Half the memory, rounded to 11 bits.
    case f16
    /// A quarter of the memory and a little more: 8 bits, with one scale for each token's key of each head, and
    /// one for its value.
    case int8

    /// Bytes of one value.
    var elementByteCount: Int {
        switch self {
        case .f32: 4
        case .f16: 2
        case .int8: 1
        }
    }

    /// Bytes that stand beside each token's key of one head, and beside its value.
    var scaleByteCount: Int { self == .int8 ? 4 : 0 }

    /// Bytes that attention reads of one position's keys of one layer, and of its values as many.
    package func byteCountPerPosition(model: ModelDescription) -> Int {
        elementByteCount * model.keyValueSize + scaleByteCount * model.keyValueHeadCount
    }
}
