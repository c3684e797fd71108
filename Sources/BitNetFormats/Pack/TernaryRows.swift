// SPDX-License-Identifier: MIT

import BitNetCore
import CFormats

/// Reads a ternary tensor of a model with one scale row by row as codes (trit plus one).
///
/// Making it reads what the scale takes, for full-precision values the whole tensor; rows may then be decoded in
/// any order.
struct TernaryRows {
    /// A weight is (code − 1) · scale; 0 if every weight is zero.
    let scale: Float

    private let tensor: SourceTensor
    private let columns: Int
    private let form: Form

    private enum Form {
        case blocks(TernaryBlock, scaleBits: UInt16)
        case i2s(I2SLayout)
        case packedRows
        case dense(TensorEncoding, magnitude: UInt32)
        case masters(TensorEncoding, inverse: Float)
    }

    /// - Throws: ``ModelFileError`` if there is no valid scale.
    init(_ source: PartSource) throws(ModelFileError) {
        tensor = source.tensor
        columns = source.shape.columns
        let (form, scale) = try Self.form(source)
        self.form = form
        self.scale = try source.factor?.applied(to: scale) ?? scale
    }

    /// Writes rows in T5 form, one behind the other.
    ///
    /// - Parameters:
    ///   - codes: working memory for a row of bytes.
    ///   - values: working memory for a row of floats.
    /// - Throws: ``ModelFileError`` at a value that is no trit, or has another scale.
    func encode(
        _ rows: Range<Int>, into piece: AlignedBuffer, codes: AlignedBuffer, values: AlignedBuffer
    ) throws(ModelFileError) {
        defer { withExtendedLifetime((piece, codes, values, tensor)) {} }
        guard var out = piece.bytes.bindMemory(to: UInt8.self).baseAddress,
            let code = codes.bytes.bindMemory(to: UInt8.self).baseAddress,
            let value = values.bytes.bindMemory(to: Float.self).baseAddress,
            let bytes = tensor.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        else { return }
        let rowByteCount = T5.rowByteCount(columns: columns)
        for row in rows {
            try decode(bytes, row: row, into: code, value)
            bn_pack_t5(code, columns, out)
            out += rowByteCount
        }
    }

    /// Decodes a row; parameters as in ``encode``, and `bytes` the tensor's.
    func decode(
        _ bytes: UnsafePointer<UInt8>, row: Int, into codes: UnsafeMutablePointer<UInt8>,
        _ values: UnsafeMutablePointer<Float>
    ) throws(ModelFileError) {
        switch form {
        case .blocks(let block, let scaleBits):
            try decodeBlocks(block, scaleBits, bytes, row: row, into: codes)
        case .i2s(let layout):
            guard decodeI2S(layout, bytes, row: row, into: codes) else { throw badCode(row: row) }
        case .packedRows:
            let stride = tensor.rows
            let shift = UInt32(truncatingIfNeeded: row / stride * 2)
            guard bn_unpack_shifted(bytes + row % stride * columns, columns, shift, codes) else {
                throw badCode(row: row)
            }
        case .dense(let encoding, let magnitude):
            try decodeDense(encoding, magnitude, bytes, row: row, into: codes)
        case .masters(let encoding, let inverse):
            bn_floats_from(
                encoding.plainFormat ?? BN_SOURCE_F32, bytes + row * rowByteCount(encoding), columns, values)
            guard bn_quantise_trits(values, columns, inverse, codes) else { throw notFinite(row: row) }
        }
    }

    private func rowByteCount(_ encoding: TensorEncoding) -> Int { encoding.rowByteCount(columns: columns) }

    // MARK: Scales

    private static func form(_ source: PartSource) throws(ModelFileError) -> (Form, Float) {
        let tensor = source.tensor
        switch tensor.content {
        case .ternary(.blocks(let block)):
            let bits = commonScale(block, tensor.bytes)
            let scale = Float(Float16(bitPattern: bits))
            guard bits == 0 || scale.isFinite && scale > 0 else {
                throw tensor.error(
                    .badScale, found: "a block scale of \(scale)", expected: "a finite one above 0")
            }
            return (.blocks(block, scaleBits: bits), scale)
        case .ternary(.i2s(let layout)):
            return (.i2s(layout), try i2sScale(tensor, layout))
        case .ternary(.packedRows):
            return (.packedRows, 1)
        case .table(let encoding) where source.quantisesMasters:
            let inverse = 1 / max(try absoluteMean(tensor, encoding), 1e-5)
            // As the reference divides by it again.
            return (.masters(encoding, inverse: inverse), 1 / inverse)
        case .table(let encoding):
            let magnitude = firstMagnitude(tensor.bytes, encoding)
            let scale = FloatReader.value(bitPattern: magnitude, encoding) ?? 0
            guard scale.isFinite else {
                throw tensor.error(.badScale, found: "a weight of \(scale)", expected: "finite weights")
            }
            return (.dense(encoding, magnitude: magnitude), scale)
        case .unreadable(let remedy):
            throw tensor.error(
                .unsupportedTensorType, found: tensor.typeName, expected: "a ternary tensor", remedy: remedy)
        }
    }

    /// Bits of the first block scale that is not zero.
    private static func commonScale(_ block: TernaryBlock, _ bytes: UnsafeRawBufferPointer) -> UInt16 {
        guard let base = bytes.baseAddress else { return 0 }
        for offset in stride(from: 0, to: bytes.count, by: block.byteCount) {
            let bits = block.scaleBits(base + offset)
            if bits & 0x7FFF != 0 { return bits }
        }
        return 0
    }

    private static func i2sScale(_ tensor: SourceTensor, _ layout: I2SLayout) throws(ModelFileError) -> Float
    {
        if layout == .c, !tensor.rows.isMultiple(of: 4) {
            throw tensor.error(
                .wrongShape, found: "\(tensor.rows) rows", expected: "a multiple of 4 in I2_S layout c",
                remedy: "use another --i2s-layout")
        }
        let weightCount = tensor.rows * tensor.columns
        if let blockByteCount = layout.blockByteCount, !weightCount.isMultiple(of: blockByteCount * 4) {
            throw tensor.error(
                .wrongShape, found: "\(weightCount) weights",
                expected: "a multiple of \(blockByteCount * 4), as I2_S stores blocks")
        }
        let tail = weightCount / 4
        let scale = FloatReader.float32(UnsafeRawBufferPointer(rebasing: tensor.bytes[tail...]), 0)
        guard scale.isFinite, scale > 0 else {
            throw tensor.error(
                .badScale, at: tail, found: "a scale of \(scale)", expected: "a finite scale above 0")
        }
        return scale
    }

    /// Mean of the magnitudes of all values (formats: absmean).
    private static func absoluteMean(
        _ tensor: SourceTensor, _ encoding: TensorEncoding
    ) throws(ModelFileError) -> Float {
        guard let bytes = tensor.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return 0 }
        let columns = tensor.columns
        let rowByteCount = encoding.rowByteCount(columns: columns)
        let buffer = AlignedBuffer(byteCount: columns * MemoryLayout<Float>.size)
        defer { withExtendedLifetime(buffer) {} }
        let values = buffer.bytes.bindMemory(to: Float.self)
        var sum = 0.0
        for row in 0..<tensor.rows {
            bn_floats_from(
                encoding.plainFormat ?? BN_SOURCE_F32, bytes + row * rowByteCount, columns,
                values.baseAddress)
            sum += bn_absolute_sum(values.baseAddress, columns)
        }
        guard sum.isFinite else {
            throw tensor.error(.notFinite, found: "a weight that is not finite", expected: "finite weights")
        }
        return Float(sum / Double(tensor.rows * columns))
    }

    /// Bit pattern, without sign, of the first value that is not zero.
    private static func firstMagnitude(_ bytes: UnsafeRawBufferPointer, _ encoding: TensorEncoding) -> UInt32
    {
        let size = encoding.rowByteCount(columns: 1)
        for index in 0..<bytes.count / size {
            let bits =
                FloatReader.bitPattern(bytes, index, encoding) & (encoding == .float32 ? 0x7FFF_FFFF : 0x7FFF)
            if bits != 0 { return bits }
        }
        return 0
    }

    // MARK: Rows

    private func decodeBlocks(
        _ block: TernaryBlock, _ scaleBits: UInt16, _ bytes: UnsafePointer<UInt8>, row: Int,
        into codes: UnsafeMutablePointer<UInt8>
    ) throws(ModelFileError) {
        let count = columns / block.elementCount
        var index = 0
        while index < count {
            let start = bytes + (row * count + index) * block.byteCount
            let out = codes + index * block.elementCount
            index +=
                block == .tq1
                ? bn_unpack_tq1(start, count - index, scaleBits, out)
                : bn_unpack_tq2(start, count - index, scaleBits, out)
            guard index < count else { return }
            try decodeOddBlock(
                block, scaleBits, bytes, offset: (row * count + index) * block.byteCount,
                into: codes + index * block.elementCount)
            index += 1
        }
    }

    /// A block that has not the common scale: fine if it is empty.
    private func decodeOddBlock(
        _ block: TernaryBlock, _ scaleBits: UInt16, _ bytes: UnsafePointer<UInt8>, offset: Int,
        into codes: UnsafeMutablePointer<UInt8>
    ) throws(ModelFileError) {
        guard block.decode(bytes + offset, into: codes) else {
            throw tensor.error(
                .badCode, at: offset, found: "a byte that no encoder writes", expected: "three-valued weights"
            )
        }
        let bits = block.scaleBits(bytes + offset)
        // A block without a weight; encoders write either zero.
        if bits & 0x7FFF == 0 {
            codes.update(repeating: 1, count: block.elementCount)
            return
        }
        let value = Float(Float16(bitPattern: bits))
        guard value.isFinite, value > 0 else {
            throw tensor.error(
                .badScale, at: offset, found: "a block scale of \(value)", expected: "a finite one above 0")
        }
        throw tensor.error(
            .scalesDiffer, at: offset,
            found: "block scales differ (\(Float(Float16(bitPattern: scaleBits))) and \(value))",
            expected: "one scale for the whole matrix, as BitNet b1.58 has",
            remedy: "this model was not trained with ternary weights, or was quantised again; convert the "
                + "original checkpoint")
    }

    private func decodeI2S(
        _ layout: I2SLayout, _ bytes: UnsafePointer<UInt8>, row: Int, into codes: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        guard let blockByteCount = layout.blockByteCount else {
            return bn_unpack_shifted(
                bytes + row / 4 * columns, columns, UInt32(truncatingIfNeeded: 6 - row % 4 * 2), codes)
        }
        let first = row * columns
        if columns.isMultiple(of: blockByteCount * 4) {
            return bn_unpack_planes(bytes + first / 4, columns / 4, blockByteCount, true, codes)
        }
        return bn_unpack_planes_at(bytes, first, columns, blockByteCount, codes)
    }

    private func decodeDense(
        _ encoding: TensorEncoding, _ magnitude: UInt32, _ bytes: UnsafePointer<UInt8>, row: Int,
        into codes: UnsafeMutablePointer<UInt8>
    ) throws(ModelFileError) {
        let start = bytes + row * rowByteCount(encoding)
        let done =
            encoding == .float32
            ? bn_unpack_dense32(start, columns, magnitude, codes)
            : bn_unpack_dense16(start, columns, UInt16(truncatingIfNeeded: magnitude), codes)
        guard done == columns else {
            throw tensor.error(
                .notTernary, at: row * rowByteCount(encoding) + encoding.rowByteCount(columns: done),
                found: "not ternary: " + distinctValues(encoding),
                expected: "not more than the three values −s, 0, +s",
                remedy: "if these are weights to be quantised while the model runs, give --quantize-masters; "
                    + "otherwise convert the model so that its matrices are ternary")
        }
    }

    /// For the message only: how many different values the tensor holds.
    private func distinctValues(_ encoding: TensorEncoding) -> String {
        let most = 1000
        var seen: Set<UInt32> = []
        let bytes = tensor.bytes
        for index in 0..<tensor.rows * columns where seen.count < most {
            let bits = FloatReader.bitPattern(bytes, index, encoding)
            let isZero = bits & (encoding == .float32 ? 0x7FFF_FFFF : 0x7FFF) == 0
            seen.insert(isZero ? 0 : bits)
        }
        return "\(seen.count < most ? "" : "at least ")\(seen.count) distinct values"
    }

    private func badCode(row: Int) -> ModelFileError {
        tensor.error(
            .badCode, found: "the code 3 in row \(row)", expected: "codes 0, 1 and 2",
            remedy: ModelFileError.damaged
                + " (if it is I2_S written on ARM, --i2s-layout b may be the right one)")
    }

    private func notFinite(row: Int) -> ModelFileError {
        tensor.error(
            .notFinite, found: "a weight that is not finite in row \(row)", expected: "finite weights")
    }
}
