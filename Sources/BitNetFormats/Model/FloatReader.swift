// SPDX-License-Identifier: MIT

import BitNetCore

/// Little-endian floats of any width at any alignment.
enum FloatReader {
    static func float32(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Float {
        Float(bitPattern: bits(bytes, index, UInt32.self))
    }

    /// Value `index` of a tensor in one of the plain encodings; `nil` for others.
    static func value(_ bytes: UnsafeRawBufferPointer, _ index: Int, _ encoding: TensorEncoding) -> Float? {
        value(bitPattern: bitPattern(bytes, index, encoding), encoding)
    }

    static func value(bitPattern bits: UInt32, _ encoding: TensorEncoding) -> Float? {
        switch encoding {
        case .float32: Float(bitPattern: bits)
        case .float16: Float(Float16(bitPattern: UInt16(truncatingIfNeeded: bits)))
        case .bfloat16: Float(bitPattern: bits << 16)
        default: nil
        }
    }

    /// The bits of value `index`; 0 for an encoding that is not plain.
    static func bitPattern(
        _ bytes: UnsafeRawBufferPointer, _ index: Int, _ encoding: TensorEncoding
    ) -> UInt32 {
        switch encoding {
        case .float32: bits(bytes, index, UInt32.self)
        case .float16, .bfloat16: UInt32(truncatingIfNeeded: bits(bytes, index, UInt16.self))
        default: 0
        }
    }

    private static func bits<Bits: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ index: Int, _: Bits.Type
    ) -> Bits {
        Bits(
            littleEndian: bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self))
    }
}
