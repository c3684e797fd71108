// SPDX-License-Identifier: MIT

import BitNetFormats

extension TernaryBlock {
    /// Encodes the codes of one block.
    ///
    /// - Parameter scaleBits: the block's f16 scale.
    package func encode(
        _ codes: UnsafePointer<UInt8>, scaleBits: UInt16, into block: UnsafeMutableRawPointer
    ) {
        let bytes = block.assumingMemoryBound(to: UInt8.self)
        switch self {
        case .tq1:
            Self.encodeRun(codes, bytes: 32, digits: 5, into: bytes)
            Self.encodeRun(codes + 160, bytes: 16, digits: 5, into: bytes + 32)
            Self.encodeRun(codes + 240, bytes: 4, digits: 4, into: bytes + 48)
        case .tq2:
            for half in 0..<2 {
                let codes = codes + half &* 128
                let bytes = bytes + half &* 32
                for index in 0..<32 {
                    bytes[index] =
                        codes[index] | codes[index &+ 32] &<< 2 | codes[index &+ 64] &<< 4
                        | codes[index &+ 96] &<< 6
                }
            }
        case .ptq1:
            Self.encodeRun(codes, bytes: 16, digits: 5, into: bytes)
            Self.encodeRun(codes + 80, bytes: 8, digits: 5, into: bytes + 16)
            Self.encodeRun(codes + 120, bytes: 2, digits: 4, into: bytes + 24)
        case .q2Group64, .q2Group128:
            for index in 0..<elementCount / 4 {
                let four = codes + 4 &* index
                bytes[2 &+ index] = four[0] | four[1] &<< 2 | four[2] &<< 4 | four[3] &<< 6
            }
        case .q1:
            for index in 0..<elementCount / 8 {
                let eight = codes + 8 &* index
                var byte: UInt8 = 0
                // The code of −1 is 0, that of +1 is 2.
                for bit in 0..<8 { byte |= (eight[bit] &>> 1) &<< UInt8(truncatingIfNeeded: bit) }
                bytes[2 &+ index] = byte
            }
        }
        block.storeBytes(of: scaleBits.littleEndian, toByteOffset: scaleOffset, as: UInt16.self)
    }

    /// Five digits of base 3, the first the most significant, as the fraction of 256 that lies just above
    /// theirs of 243; a run of four digits has 0 for the fifth.
    @inline(__always)
    private static func encodeRun(
        _ codes: UnsafePointer<UInt8>, bytes count: Int, digits: Int, into bytes: UnsafeMutablePointer<UInt8>
    ) {
        for index in 0..<count {
            var value: UInt16 = 0
            for digit in 0..<5 {
                value = value &* 3 &+ (digit < digits ? UInt16(codes[digit &* count &+ index]) : 0)
            }
            bytes[index] = UInt8(truncatingIfNeeded: (value &* 256 &+ 242) / 243)
        }
    }
}
