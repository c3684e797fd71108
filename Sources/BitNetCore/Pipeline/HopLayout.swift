// SPDX-License-Identifier: MIT

/// Bytes of an activation hop: per token first an f16 scale for each block of 32 values (little-endian),
/// then one int8 code for each value; `hidden` need not be a multiple of 32.
///
/// 8.5 bits a value.
package enum HopLayout {
    package static let blockSize = 32

    package static func blockCount(hidden: Int) -> Int { (hidden + blockSize - 1) / blockSize }

    package static func byteCountPerToken(hidden: Int) -> Int { 2 * blockCount(hidden: hidden) + hidden }
}
