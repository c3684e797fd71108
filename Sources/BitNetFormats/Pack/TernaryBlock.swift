// SPDX-License-Identifier: MIT

/// A block of 256 trits with one f16 scale, as ggml stores ternary rows.
///
/// Everywhere in this module a *code* is a trit plus one: 0, 1, 2 for −1, 0, +1.
package enum TernaryBlock: Equatable, Sendable {
    /// TQ1_0: five trits a byte, 54 bytes.
    case tq1
    /// TQ2_0: four trits a byte, 66 bytes.
    case tq2

    package static let elementCount = 256

    package var byteCount: Int { scaleOffset + 2 }

    /// Where the little-endian f16 scale stands, behind the codes.
    package var scaleOffset: Int {
        switch self {
        case .tq1: 52
        case .tq2: 64
        }
    }

    /// Bit pattern of the block's f16 scale.
    package func scaleBits(_ block: UnsafeRawPointer) -> UInt16 {
        UInt16(littleEndian: block.loadUnaligned(fromByteOffset: scaleOffset, as: UInt16.self))
    }

    /// Decodes one block to 256 codes.
    ///
    /// - Returns: `false` if a byte cannot come from an encoder; the codes are then in 0...3.
    package func decode(_ block: UnsafeRawPointer, into codes: UnsafeMutablePointer<UInt8>) -> Bool {
        switch self {
        case .tq1: Self.decodeTQ1(block.assumingMemoryBound(to: UInt8.self), into: codes)
        case .tq2: Self.decodeTQ2(block.assumingMemoryBound(to: UInt8.self), into: codes)
        }
    }

    // MARK: TQ1_0

    /// qs[0..<32] hold elements 0..<160, qs[32..<48] 160..<240, qh[0..<4] 240..<256; digit n of byte m is
    /// element start + n·(bytes in the run) + m.
    private static func decodeTQ1(
        _ block: UnsafePointer<UInt8>, into codes: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        decodeRun(block, bytes: 32, digits: 5, into: codes)
        decodeRun(block + 32, bytes: 16, digits: 5, into: codes + 160)
        decodeRun(block + 48, bytes: 4, digits: 4, into: codes + 240)
        var difference: UInt32 = 0
        // A byte is ⌈v·256/243⌉ of v in 0...242, so thirteen values never occur.
        for index in 0..<52 {
            let byte = UInt32(truncatingIfNeeded: block[index])
            let value = (byte &* 243) >> 8
            difference |= (value &* 256 &+ 242) / 243 ^ byte
        }
        return difference == 0
    }

    /// The byte is a fixed-point fraction: times three, the digit is what carries over 256.
    @inline(__always)
    private static func decodeRun(
        _ bytes: UnsafePointer<UInt8>, bytes count: Int, digits: Int, into codes: UnsafeMutablePointer<UInt8>
    ) {
        var power: UInt8 = 1
        for digit in 0..<digits {
            let out = codes + digit &* count
            for index in 0..<count {
                let fraction = UInt16(truncatingIfNeeded: bytes[index] &* power)
                out[index] = UInt8(truncatingIfNeeded: (fraction &* 3) >> 8)
            }
            power = power &* 3
        }
    }

    // MARK: TQ2_0

    /// Half h takes 32 bytes; bits 2l and 2l+1 of byte m are element 128·h + 32·l + m.
    private static func decodeTQ2(
        _ block: UnsafePointer<UInt8>, into codes: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        var threes: UInt8 = 0
        for half in 0..<2 {
            let bytes = block + half &* 32
            for pair in 0..<4 {
                let out = codes + (half &* 128 &+ pair &* 32)
                let shift = UInt8(truncatingIfNeeded: pair &* 2)
                for index in 0..<32 {
                    let code = (bytes[index] &>> shift) & 3
                    threes |= code & (code &>> 1)
                    out[index] = code
                }
            }
        }
        return threes == 0
    }
}
