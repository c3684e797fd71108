// SPDX-License-Identifier: MIT

/// One tensor of a GGUF file, its extent checked against the file.
package struct GGUFTensor: Equatable, Sendable {
    package let name: String
    /// Fastest-varying dimension first: a matrix [rows, columns] has {columns, rows}.
    package let dimensions: [Int]
    package let type: TensorType
    /// Bytes from the start of the file.
    package let offset: Int
    /// `nil` for a type whose size this program does not know.
    package let byteCount: Int?

    package var columns: Int { dimensions[0] }
    /// Everything above the fastest-varying dimension.
    package var rows: Int { dimensions.dropFirst().reduce(1, *) }

    package var range: Range<Int> { offset..<offset + (byteCount ?? 0) }
}
