// SPDX-License-Identifier: MIT

package import BitNetFormats

/// 256 trits, ((i² + 3i + ⌊i/7⌋) mod 3) − 1, and their blocks with scale 0.5 as written by gguf-py.
package enum BlockVector {
    package static let trits: [Int8] = (0..<256).map { (index: Int) -> Int8 in
        let sum = index * index + 3 * index + index / 7
        return Int8(sum % 3) - 1
    }
    package static let tq1 = hexadecimal(
        "4782901198581cf8b76bc2d685b033c80953e723414782901198581cf8b76bc2e429ee3d35f70d501567a805705c22e38f"
            + "c1e7560038")
    package static let tq2 = hexadecimal(
        "589509901901a02a122162562542640680a84a8488589509901901a02a12216209901901a02a122162562542640680a84a"
            + "8488589509901901a02a12216256250038")

    package static func bytes(_ block: TernaryBlock) -> [UInt8] { block == .tq1 ? tq1 : tq2 }

    package static func hexadecimal(_ text: String) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

/// The trits of one block, and whether all of its bytes are codes.
package func decode(_ block: TernaryBlock, _ bytes: [UInt8]) -> (trits: [Int8], isValid: Bool) {
    var codes = [UInt8](repeating: 9, count: block.elementCount)
    let isValid = bytes.withUnsafeBytes { raw in
        codes.withUnsafeMutableBufferPointer { codes in
            guard let base = raw.baseAddress, let out = codes.baseAddress else { return false }
            return block.decode(base, into: out)
        }
    }
    return (codes.map { Int8($0) - 1 }, isValid)
}
