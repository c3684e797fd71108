// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import Testing

extension PackedModel {
    /// Parts of any shape with random trits, scales, gains and half floats, the same for the same seed.
    init(random description: ModelDescription, seed: UInt64) throws {
        var random = TestRandom(seed)
        var parts: [PartReference.Kind: PackedPart] = [:]
        for kind in ModelFile.kinds(of: description) {
            // A tied head is the embedding's part.
            if kind == .head, description.hasTiedHead {
                parts[kind] = parts[.embedding]
            } else {
                parts[kind] = try Self.part(kind, of: description, &random)
            }
        }
        self.init(description: description, parts: parts)
    }

    private static func part(
        _ kind: PartReference.Kind, of model: ModelDescription, _ random: inout TestRandom
    ) throws -> PackedPart {
        let shapes = TensorShape.all(of: kind, in: model)
        let layout = try #require(
            PartLayout(shapes.map { ($0.role, encoding(of: $0.form), $0.rows, $0.columns) }))
        let buffer = AlignedBuffer(byteCount: layout.byteCount)
        for (shape, entry) in zip(shapes, layout.entries) {
            let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[entry.range])
            bytes.copyBytes(from: (0..<shape.rows).flatMap { _ in row(shape, &random) })
        }
        // Products of random trits keep about the size of what they are made of.
        let scales = shapes.map { shape in
            shape.form.isTernary
                ? Float.random(in: 1...2, using: &random) / Float(shape.columns).squareRoot() : 1
        }
        buffer.bytes.copyBytes(from: layout.header(scales: scales))
        return PackedPart(
            bytes: .memory(buffer),
            reference: PartReference(
                kind: kind, digest: .of(buffer.readOnly), byteCount: UInt64(layout.byteCount)))
    }

    private static func encoding(of form: TensorShape.Form) -> TensorEncoding {
        switch form {
        case .ternary: .t5
        case .gains: .float32
        case .table: .float16
        }
    }

    private static func row(_ shape: TensorShape, _ random: inout TestRandom) -> [UInt8] {
        switch shape.form {
        case .ternary:
            let codes = (0..<shape.columns).map { _ in UInt8.random(in: 0...2, using: &random) }
            var row = [UInt8](repeating: 0, count: T5.rowByteCount(columns: shape.columns))
            codes.withUnsafeBufferPointer { codes in
                row.withUnsafeMutableBytes { T5.encode(codes, into: $0) }
            }
            return row
        case .gains:
            return (0..<shape.columns).flatMap { _ in
                littleEndianBytes(Float.random(in: -2...2, using: &random).bitPattern)
            }
        case .table:
            return (0..<shape.columns).flatMap { _ in
                littleEndianBytes(Float16(Float.random(in: -1...1, using: &random)).bitPattern)
            }
        }
    }

    private static func littleEndianBytes<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
