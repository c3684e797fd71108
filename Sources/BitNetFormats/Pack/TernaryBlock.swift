// SPDX-License-Identifier: MIT

/// A block of trits with one f16 scale, as ggml and its descendants store ternary rows.
///
/// Everywhere in this module a *code* is a trit plus one: 0, 1, 2 for −1, 0, +1.
package enum TernaryBlock: Equatable, Sendable {
    /// TQ1_0: 256, five trits a byte.
    case tq1
    /// TQ2_0: 256, four trits a byte.
    case tq2
    /// Q2_0: 64, four trits a byte.
    case q2Group64
    /// PQ2_0, and Q2_0 of before it had groups of 64: 128, four trits a byte.
    case q2Group128
    /// PTQ1_0: 128, five trits a byte.
    case ptq1
    /// Q1_0: 128 weights −1 or +1, eight to a byte.
    case q1

    package var elementCount: Int {
        switch self {
        case .tq1, .tq2: 256
        case .q2Group128, .ptq1, .q1: 128
        case .q2Group64: 64
        }
    }

    package var byteCount: Int { codeByteCount + 2 }

    private var codeByteCount: Int {
        switch self {
        case .tq1: 52
        case .tq2: 64
        case .q2Group64, .q1: 16
        case .q2Group128: 32
        case .ptq1: 26
        }
    }

    /// Where the little-endian f16 scale stands: behind the codes, or in front of them.
    package var scaleOffset: Int {
        switch self {
        case .tq1, .tq2, .ptq1: codeByteCount
        case .q2Group64, .q2Group128, .q1: 0
        }
    }

    /// Whether a byte holds pairs of bits, whose value 3 is no trit.
    var hasPairs: Bool {
        switch self {
        case .tq2, .q2Group64, .q2Group128: true
        case .tq1, .ptq1, .q1: false
        }
    }

    /// Bit pattern of the block's f16 scale.
    package func scaleBits(_ block: UnsafeRawPointer) -> UInt16 {
        UInt16(littleEndian: block.loadUnaligned(fromByteOffset: scaleOffset, as: UInt16.self))
    }

    /// Decodes one block to codes.
    ///
    /// - Returns: `false` if a byte cannot come from an encoder; the codes are then in 0...3.
    package func decode(_ block: UnsafeRawPointer, into codes: UnsafeMutablePointer<UInt8>) -> Bool {
        let bytes = block.assumingMemoryBound(to: UInt8.self)
        return switch self {
        case .tq1: Self.decodeTQ1(bytes, into: codes)
        case .tq2: Self.decodeTQ2(bytes, into: codes)
        case .q2Group64, .q2Group128: Self.decodePairs(bytes + 2, count: elementCount, into: codes)
        case .ptq1: Self.decodePTQ1(bytes, into: codes)
        case .q1: Self.decodeBits(bytes + 2, count: elementCount, into: codes)
        }
    }

    // MARK: TQ1_0 and PTQ1_0

    /// qs[0..<32] hold elements 0..<160, qs[32..<48] 160..<240, qh[0..<4] 240..<256; digit n of byte m is
    /// element start + n·(bytes in the run) + m.
    private static func decodeTQ1(
        _ block: UnsafePointer<UInt8>, into codes: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        decodeRun(block, bytes: 32, digits: 5, into: codes)
        decodeRun(block + 32, bytes: 16, digits: 5, into: codes + 160)
        decodeRun(block + 48, bytes: 4, digits: 4, into: codes + 240)
        return areDigits(block, byteCount: 52)
    }

    /// qs[0..<16] hold elements 0..<80, qs[16..<24] 80..<120, qh[0..<2] 120..<128.
    private static func decodePTQ1(
        _ block: UnsafePointer<UInt8>, into codes: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        decodeRun(block, bytes: 16, digits: 5, into: codes)
        decodeRun(block + 16, bytes: 8, digits: 5, into: codes + 80)
        decodeRun(block + 24, bytes: 2, digits: 4, into: codes + 120)
        return areDigits(block, byteCount: 26)
    }

    /// A byte is ⌈v·256/243⌉ of v in 0...242, so thirteen values never occur.
    private static func areDigits(_ block: UnsafePointer<UInt8>, byteCount: Int) -> Bool {
        var difference: UInt32 = 0
        for index in 0..<byteCount {
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

    // MARK: Q2_0 and Q1_0

    private static func decodePairs(
        _ bytes: UnsafePointer<UInt8>, count: Int, into codes: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        for index in 0..<count {
            codes[index] = bytes[index / 4] >> UInt8(truncatingIfNeeded: index % 4 * 2) & 3
        }
        return !UnsafeBufferPointer(start: codes, count: count).contains(3)
    }

    private static func decodeBits(
        _ bytes: UnsafePointer<UInt8>, count: Int, into codes: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        for index in 0..<count {
            codes[index] = (bytes[index / 8] >> UInt8(truncatingIfNeeded: index % 8) & 1) * 2
        }
        return true
    }
}
