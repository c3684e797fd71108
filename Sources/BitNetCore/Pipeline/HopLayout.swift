// SPDX-License-Identifier: MIT

/// Bytes of an activation hop: per token first an f16 scale for each block of 32 values (little-endian),
/// then one int8 code for each value; `hidden` need not be a multiple of 32.
///
/// The codes of a whole block that holds outliers, which the scale's sign tells, are packed otherwise (`CTernary.h`),
/// into as many bytes.
///
/// 8.5 bits a value. Where the first scale is not a finite number there are no values: the token's sequence was given
/// up, and the scale's bits say why.
package enum HopLayout {
    package static let blockSize = 32

    package static func blockCount(hidden: Int) -> Int { (hidden + blockSize - 1) / blockSize }

    package static func byteCountPerToken(hidden: Int) -> Int { 2 * blockCount(hidden: hidden) + hidden }

    /// The first scale of a token whose sequence was given up: an f16 that is not a number.
    package static func mark(_ failure: SequenceFailure) -> UInt16 {
        switch failure {
        case .notFinite: 0x7E00
        case .refused: 0x7E01
        }
    }

    /// Why the sequence of a token with a scale of these bits was given up; `nil` for a finite scale.
    package static func failure(ofScale bits: UInt16) -> SequenceFailure? {
        guard bits & 0x7C00 == 0x7C00 else { return nil }
        return bits == mark(.refused) ? .refused : .notFinite
    }
}
