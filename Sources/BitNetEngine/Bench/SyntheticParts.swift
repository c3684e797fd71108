// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetFormats

/// Parts of a model with weights of no meaning, always the same ones: random trits, random tables, gains of 1.
package struct SyntheticParts {
    private let model: ModelDescription
    private let tableEncoding: TensorEncoding
    private let trits: RandomRows
    private let halves: RandomRows

    /// - Parameter tableEncoding: of embedding and head: ternary as the model's matrices may be, or f16.
    package init(model: ModelDescription, tableEncoding: TensorEncoding = .float16) {
        self.model = model
        self.tableEncoding = tableEncoding
        let columnsMax = max(model.hiddenSize, model.feedForwardSize, model.querySize)
        trits = .trits(columnsMax: columnsMax)
        halves = .halves(columnsMax: columnsMax)
    }

    /// Makes the part of `kind` and calls `body` with a view of it, which must not leave it.
    package func withPart<Result>(
        _ kind: PartReference.Kind, _ body: (PartView) throws -> Result
    ) throws -> Result {
        let shapes = TensorShape.all(of: kind, in: model)
        guard
            let layout = PartLayout(
                shapes.map { ($0.role, encoding(of: $0.form), $0.rows, $0.columns) })
        else { throw EngineError(.invalidConfiguration, "the \(kind) of \(model.name) is too large") }
        let buffer = AlignedBuffer(byteCount: layout.byteCount)
        for (shape, entry) in zip(shapes, layout.entries) {
            fill(UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[entry.range]), shape)
        }
        // Products of random trits keep the size of what they are made of.
        let scales = shapes.map { shape in
            encoding(of: shape.form) == .t5 ? Self.scale(of: shape) : 1
        }
        buffer.bytes.copyBytes(from: layout.header(scales: scales))
        return try buffer.withBytes { try body(PartView(bytes: $0)) }
    }

    private func fill(_ bytes: UnsafeMutableRawBufferPointer, _ shape: TensorShape) {
        switch encoding(of: shape.form) {
        case .t5: trits.fill(bytes, rows: shape.rows, columns: shape.columns)
        case .float32: bytes.bindMemory(to: UInt32.self).update(repeating: Float(1).bitPattern.littleEndian)
        case let encoding where encoding.isTernary: fill(bytes, shape, encoding)
        default: halves.fill(bytes, rows: shape.rows, columns: shape.columns)
        }
    }

    private static func scale(of shape: TensorShape) -> Float { 1 / Float(shape.columns).squareRoot() }

    /// Rows that hold their scales, all alike.
    private func fill(
        _ bytes: UnsafeMutableRawBufferPointer, _ shape: TensorShape, _ encoding: TensorEncoding
    ) {
        let group = encoding.scaleGroup ?? shape.columns
        let groupByteCount =
            encoding.scaleGroup == nil
            ? TensorEncoding.t5.rowByteCount(columns: shape.columns) : encoding.groupByteCount
        let count = shape.columns / group
        let rowByteCount = encoding.rowByteCount(columns: shape.columns)
        for row in 0..<shape.rows {
            let row = UnsafeMutableRawBufferPointer(
                rebasing: bytes[row * rowByteCount..<(row + 1) * rowByteCount])
            let groups = UnsafeMutableRawBufferPointer(rebasing: row[..<(count * groupByteCount)])
            trits.fill(groups, rows: count, columns: groupByteCount * T5.tritsPerByte)
            // What is padded may be zero weights altogether.
            for end in stride(from: groupByteCount, through: groups.count, by: groupByteCount) {
                for index in end - 2..<end { groups[index] = T5.zeros }
            }
            for index in 0..<count {
                let offset = groups.count + index * encoding.scaleByteCount
                if encoding.scaleByteCount == 2 {
                    let bits = Float16(Self.scale(of: shape)).bitPattern
                    row.storeBytes(of: bits.littleEndian, toByteOffset: offset, as: UInt16.self)
                } else {
                    let bits = Self.scale(of: shape).bitPattern
                    row.storeBytes(of: bits.littleEndian, toByteOffset: offset, as: UInt32.self)
                }
            }
        }
    }

    private func encoding(of form: TensorShape.Form) -> TensorEncoding {
        switch form {
        case .ternary(let encoding): encoding
        case .gains: .float32
        case .table: tableEncoding
        }
    }
}

/// Rows cut from one long random one at different places, which takes no time for billions of weights.
struct RandomRows {
    private static let startCount = 1 << 18

    private let encoding: TensorEncoding
    private let pattern: [UInt8]

    /// Bytes of five trits each.
    static func trits(columnsMax: Int) -> RandomRows {
        var random = UniformBytes()
        let count = startCount + TensorEncoding.t5.rowByteCount(columns: columnsMax)
        return RandomRows(
            encoding: .t5, pattern: (0..<count).map { _ in random.next() % (T5.lastByte + 1) })
    }

    /// f16 numbers of either sign between 2⁻⁹ and 2⁻⁵.
    static func halves(columnsMax: Int) -> RandomRows {
        var random = UniformBytes()
        let pattern = (0..<startCount + columnsMax).flatMap { _ in
            let (low, high) = (random.next(), random.next())
            // Sign, exponent 6 ... 9 of a bias of 15, the mantissa's upper bits.
            let exponent = 6 + (high >> 2 & 3)
            return [low, high & 0x83 | exponent << 2]
        }
        return RandomRows(encoding: .float16, pattern: pattern)
    }

    /// - Parameter bytes: `[rows]` rows in this encoding.
    func fill(_ bytes: UnsafeMutableRawBufferPointer, rows: Int, columns: Int) {
        let rowByteCount = encoding.rowByteCount(columns: columns)
        let unit = encoding == .t5 ? 1 : 2
        pattern.withUnsafeBytes { pattern in
            for row in 0..<rows {
                // An odd factor: no two of the first 2¹⁸ rows begin at the same place.
                let start = row * 8191 % Self.startCount * unit
                UnsafeMutableRawBufferPointer(rebasing: bytes[row * rowByteCount..<(row + 1) * rowByteCount])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: pattern[start..<start + rowByteCount]))
            }
        }
        guard encoding == .t5, !columns.isMultiple(of: T5.tritsPerByte) else { return }
        // Five zero weights: whatever stands behind the last column is padding.
        for row in 1...max(rows, 1) { bytes[row * rowByteCount - 1] = T5.zeros }
    }
}

/// The high bytes of a linear congruential sequence.
private struct UniformBytes {
    private var state: UInt64 = 1

    mutating func next() -> UInt8 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
}
