// SPDX-License-Identifier: MIT

import BitNetCore

/// Little-endian floats of any width at any alignment.
enum FloatReader {
    static func float32(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Float {
        Float(bitPattern: bits(bytes, index, UInt32.self))
    }

    /// Value `index` of a tensor in one of the plain encodings; `nil` for others.
    static func value(_ bytes: UnsafeRawBufferPointer, _ index: Int, _ encoding: TensorEncoding) -> Float? {
        switch encoding {
        case .float32: float32(bytes, index)
        case .float16: Float(Float16(bitPattern: bits(bytes, index, UInt16.self)))
        case .bfloat16: Float(bitPattern: UInt32(bits(bytes, index, UInt16.self)) << 16)
        case .t5, .q8Zero, .q4Zero, .q4K, .q6K: nil
        }
    }

    private static func bits<Bits: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ index: Int, _: Bits.Type
    ) -> Bits {
        Bits(
            littleEndian: bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self))
    }
}
