// SPDX-License-Identifier: MIT

/// What a part or a stage takes, known without packing it.
package struct PartSize: Equatable, Sendable {
    /// Bytes of the part files.
    package var byteCount: UInt64 = 0
    /// Weights of ternary matrices, whatever they take once resident.
    package var ternaryWeightCount: UInt64 = 0
    /// Bytes of all other tensors: norms, embedding, head.
    package var otherByteCount: UInt64 = 0

    package init(byteCount: UInt64 = 0, ternaryWeightCount: UInt64 = 0, otherByteCount: UInt64 = 0) {
        self.byteCount = byteCount
        self.ternaryWeightCount = ternaryWeightCount
        self.otherByteCount = otherByteCount
    }

    package static func + (left: PartSize, right: PartSize) -> PartSize {
        PartSize(
            byteCount: left.byteCount + right.byteCount,
            ternaryWeightCount: left.ternaryWeightCount + right.ternaryWeightCount,
            otherByteCount: left.otherByteCount + right.otherByteCount)
    }
}
