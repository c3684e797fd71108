// SPDX-License-Identifier: MIT

import BitNetCore

/// How a GGUF tensor's values are stored.
///
/// `table` is the one place where a type is added: an entry with a size lets files that contain it be
/// checked, a ``TensorContent`` other than `.unreadable` lets the tensor be used.
package struct TensorType: Equatable, Sendable {
    /// Bytes of a tensor.
    package enum Size: Equatable, Sendable {
        /// `bytes` for every `elements` consecutive values of a row.
        case blocks(elements: Int, bytes: Int)
        /// The same, and `start` bytes at the beginning of each row.
        case rows(start: Int, elements: Int, bytes: Int)
        /// Two bits a value and 32 bytes behind them for the tensor's scale (bitnet.cpp I2_S, TL1).
        case quarterWithTail
        /// Depends on things that are not in the file.
        case unknown
    }

    package let id: UInt32
    package let name: String
    package let size: Size
    package let content: TensorContent

    /// The type with this id, or one named after the id that cannot be read; see also ``meanings``.
    package init(id: UInt32) {
        self =
            Self.table.first { $0.id == id }
            ?? Self(id, "type \(id)", .unknown, .unreadable(remedy: Self.convertUnknown))
    }

    private init(_ id: UInt32, _ name: String, _ size: Size, _ content: TensorContent) {
        self.id = id
        self.name = name
        self.size = size
        self.content = content
    }

    private static func table(_ id: UInt32, _ encoding: TensorEncoding, _ name: String) -> Self {
        let elements = encoding.blockElementCount
        return Self(
            id, name, .blocks(elements: elements, bytes: encoding.rowByteCount(columns: elements)),
            .table(encoding))
    }

    private static func ternary(_ id: UInt32, _ block: TernaryBlock, _ name: String) -> Self {
        Self(
            id, name, .blocks(elements: block.elementCount, bytes: block.byteCount),
            .ternary(.blocks(block)))
    }

    private static func unreadable(
        _ id: UInt32, _ name: String, _ elements: Int, _ bytes: Int, _ remedy: String
    ) -> Self {
        Self(id, name, .blocks(elements: elements, bytes: bytes), .unreadable(remedy: remedy))
    }

    private static let convertUnknown =
        "files of ik_llama.cpp and of development versions use numbers of their own; convert the original "
        + "model to TQ2_0, TQ1_0 or I2_S"
    private static let convertQuantised =
        "ternary matrices must be TQ1_0, TQ2_0, I2_S, Q2_0, PQ2_0, PTQ1_0, Q1_0 or three-valued F16, BF16 or F32, "
        + "the embedding and the head these or F16, BF16, F32, Q8_0, Q6_K, Q4_K or Q4_0: llama-quantize "
        + "--token-embedding-type q6_K --output-tensor-type q6_K"
    private static let convertTiled =
        "its layout depends on the program that wrote it; convert the original model to TQ2_0 or TQ1_0"

    /// Every type that a file may contain; ids as in ggml and, where it differs, bitnet.cpp.
    package static let table: [Self] = [
        table(0, .float32, "F32"), table(1, .float16, "F16"), table(30, .bfloat16, "BF16"),
        table(2, .q4Zero, "Q4_0"), table(8, .q8Zero, "Q8_0"), table(12, .q4K, "Q4_K"),
        table(14, .q6K, "Q6_K"),
        ternary(34, .tq1, "TQ1_0"), ternary(35, .tq2, "TQ2_0"), ternary(41, .q1, "Q1_0"),

        Self(36, "I2_S", .quarterWithTail, .ternary(.i2s(.a))),
        Self(38, "TL1", .quarterWithTail, .unreadable(remedy: convertTiled)),
        Self(39, "MXFP4 (in bitnet.cpp files: TL2)", .unknown, .unreadable(remedy: convertTiled)),
        Self(40, "NVFP4", .unknown, .unreadable(remedy: convertQuantised)),
        // ik_llama.cpp's own numbers.
        Self(134, "IQ1_BN", .unknown, .unreadable(remedy: convertUnknown)),
        Self(135, "IQ2_BN", .unknown, .unreadable(remedy: convertUnknown)),
        Self(45, "Q1_R_g128 (of a fork for TAARDIS)", .unknown, .unreadable(remedy: convertUnknown)),

        unreadable(3, "Q4_1", 32, 20, convertQuantised),
        unreadable(6, "Q5_0", 32, 22, convertQuantised), unreadable(7, "Q5_1", 32, 24, convertQuantised),
        unreadable(9, "Q8_1", 32, 36, convertQuantised),
        unreadable(10, "Q2_K", 256, 84, convertQuantised), unreadable(11, "Q3_K", 256, 110, convertQuantised),
        unreadable(13, "Q5_K", 256, 176, convertQuantised),
        unreadable(15, "Q8_K", 256, 292, convertQuantised),
        unreadable(16, "IQ2_XXS", 256, 66, convertQuantised),
        unreadable(17, "IQ2_XS", 256, 74, convertQuantised),
        unreadable(18, "IQ3_XXS", 256, 98, convertQuantised),
        unreadable(19, "IQ1_S", 256, 50, convertQuantised),
        unreadable(20, "IQ4_NL", 32, 18, convertQuantised),
        unreadable(21, "IQ3_S", 256, 110, convertQuantised),
        unreadable(22, "IQ2_S", 256, 82, convertQuantised),
        unreadable(23, "IQ4_XS", 256, 136, convertQuantised),
        unreadable(29, "IQ1_M", 256, 56, convertQuantised),
        unreadable(24, "I8", 1, 1, convertQuantised), unreadable(25, "I16", 1, 2, convertQuantised),
        unreadable(26, "I32", 1, 4, convertQuantised), unreadable(27, "I64", 1, 8, convertQuantised),
        unreadable(28, "F64", 1, 8, convertQuantised),
    ]

    /// What ids mean that several programs have given away, first what can be read; the room that a file leaves for
    /// its tensors tells which it is.
    static let meanings: [UInt32: [Self]] = [
        42: [ternary(42, .q2Group64, "Q2_0"), ternary(42, .q2Group128, "Q2_0 in groups of 128")],
        43: [
            unreadable(43, "STQ1_0", 256, 42, convertUnknown),
            unreadable(43, "Q1_0_g128 (of a fork for TAARDIS)", 128, 34, convertUnknown),
        ],
        44: [unreadable(44, "Q1_T_g128 (of a fork for TAARDIS)", 128, 28, convertUnknown)],
        142: [
            ternary(142, .q2Group128, "PQ2_0"),
            Self(
                142, "IQ2_TN (of ik_llama.cpp)", .rows(start: 4, elements: 256, bytes: 64),
                .unreadable(remedy: convertUnknown)),
        ],
        143: [
            ternary(143, .ptq1, "PTQ1_0"),
            Self(
                143, "IQ1_TN (of ik_llama.cpp)", .rows(start: 2, elements: 64, bytes: 13),
                .unreadable(remedy: convertUnknown)),
        ],
    ]

    /// Names of the types in which ternary matrices are read, as files' names have them.
    package static var ternaryNames: [String] {
        (table + meanings.values.flatMap(\.self)).compactMap { type in
            guard case .ternary = type.content else { return nil }
            return type.name.split(separator: " ").first.map(String.init)
        }
    }

    var isReadable: Bool { if case .unreadable = content { false } else { true } }

    /// Values in a row must be a multiple of this.
    var blockElementCount: Int {
        switch size {
        case .blocks(let elements, _), .rows(_, let elements, _): elements
        case .quarterWithTail, .unknown: 1
        }
    }

    /// Bytes of a tensor whose rows are whole blocks; `nil` if unknown or too large for `Int`.
    ///
    /// - Precondition: the values can be counted.
    func byteCount(rows: Int, columns: Int) -> Int? {
        switch size {
        case .blocks(let elements, let bytes): (columns / elements * rows).multiplied(by: bytes)
        case .rows(let start, let elements, let bytes):
            (columns / elements).multiplied(by: bytes).flatMap { ($0 + start).multiplied(by: rows) }
        case .quarterWithTail: rows * columns / 4 + 32
        case .unknown: nil
        }
    }
}
