// SPDX-License-Identifier: MIT

import BitNetCore
import CFormats

/// Reads a ternary tensor of a model row by row and writes it with scales by row or by group.
///
/// Scales of more weights than wanted are repeated, those of fewer must be alike.
struct ScaledRows {
    private let source: PartSource
    private let tensor: SourceTensor
    private let columns: Int
    private let form: Form
    private let work: Work

    /// How the file holds it, and how many weights each of its scales is of.
    private enum Form {
        case blocks(TernaryBlock)
        case plain(TensorEncoding, bn_source_type, unit: Int)
        /// One scale for all.
        case whole(TernaryRows)
    }

    /// Working memory for one row.
    private struct Work {
        let codes: AlignedBuffer
        let values: AlignedBuffer
        /// As the file has them, in 16 or in 32 bits.
        let bits: AlignedBuffer
        let scales: AlignedBuffer

        init(columns: Int) {
            codes = AlignedBuffer(byteCount: columns)
            values = AlignedBuffer(byteCount: columns * MemoryLayout<Float>.size)
            let scaleByteCount = (columns + 63) / 64 * MemoryLayout<Float>.size
            bits = AlignedBuffer(byteCount: scaleByteCount)
            scales = AlignedBuffer(byteCount: scaleByteCount)
        }
    }

    /// - Precondition: rows of `source.encoding` hold their scales.
    /// - Throws: ``ModelFileError`` if there is no valid scale.
    init(_ source: PartSource) throws(ModelFileError) {
        self.source = source
        tensor = source.tensor
        columns = source.shape.columns
        work = Work(columns: columns)
        if case .ternary(.blocks(let block)) = tensor.content {
            form = .blocks(block)
        } else if case .table(let encoding) = tensor.content, let format = encoding.plainFormat,
            !source.quantisesMasters
        {
            form = .plain(encoding, format, unit: source.encoding.scaleGroup ?? columns)
        } else {
            form = .whole(try TernaryRows(source))
        }
    }

    /// Writes a row.
    ///
    /// - Parameter out: room for a row of `source.encoding`.
    /// - Throws: ``ModelFileError`` at a value that is no trit or has a scale that does not fit.
    func encode(row: Int, into out: UnsafeMutablePointer<UInt8>) throws(ModelFileError) {
        defer { withExtendedLifetime((work, tensor)) {} }
        guard let codes = work.codes.bytes.bindMemory(to: UInt8.self).baseAddress,
            let scales = work.scales.bytes.bindMemory(to: Float.self).baseAddress,
            let bytes = tensor.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        else { return }
        let unit = try decode(bytes, row: row, codes, scales)
        guard let group = source.encoding.scaleGroup else {
            bn_pack_t5(codes, columns, out)
            let scale = try common(scales, 0..<columns / unit, row: row)
            Self.store(try multiplied(scale).bitPattern, to: out + T5.rowByteCount(columns: columns))
            return
        }
        let count = columns / group
        bn_pack_t5_groups(codes, count, group, out)
        let size = source.encoding.scaleByteCount
        var place = out + count * source.encoding.groupByteCount
        if size == 2, unit == group, case .blocks = form, source.factor == nil {
            // As they are.
            UnsafeMutableRawBufferPointer(start: place, count: count * size)
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: work.bits.readOnly[..<(count * size)]))
            return
        }
        for index in 0..<count {
            let end = max((index + 1) * group / unit, index * group / unit + 1)
            let scale = try multiplied(common(scales, index * group / unit..<end, row: row))
            if size == 4 {
                Self.store(scale.bitPattern, to: place)
            } else {
                guard let half = Half.bits(scale) else { throw notHalf(scale, row: row) }
                Self.store(half, to: place)
            }
            place += size
        }
    }

    private static func store<Bits: FixedWidthInteger & BitwiseCopyable>(
        _ bits: Bits, to place: UnsafeMutablePointer<UInt8>
    ) {
        UnsafeMutableRawPointer(place).storeBytes(of: bits.littleEndian, as: Bits.self)
    }

    // MARK: Reading

    /// - Returns: how many weights each scale is of.
    private func decode(
        _ bytes: UnsafePointer<UInt8>, row: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>
    ) throws(ModelFileError) -> Int {
        switch form {
        case .blocks(let block):
            let count = columns / block.elementCount
            let start = row * count * block.byteCount
            let halves = work.bits.bytes.assumingMemoryBound(to: UInt16.self).baseAddress
            let done = bn_unpack_blocks(block.type, bytes + start, count, codes, halves)
            guard done == count else { throw badBlock(block, at: start + done * block.byteCount, row: row) }
            bn_floats_from(
                BN_SOURCE_F16, work.bits.bytes.assumingMemoryBound(to: UInt8.self).baseAddress, count, scales)
            return block.elementCount
        case .plain(let encoding, let format, let unit):
            let start = row * encoding.rowByteCount(columns: columns)
            let magnitudes = work.bits.bytes.assumingMemoryBound(to: UInt32.self)
            let count = columns / unit
            let done = bn_unpack_dense_groups(
                format, bytes + start, count, unit, codes, magnitudes.baseAddress)
            guard done == count else {
                throw notTernary(
                    at: start + done * encoding.rowByteCount(columns: unit), row: row, unit: unit)
            }
            for index in 0..<count {
                scales[index] = FloatReader.value(bitPattern: magnitudes[index], encoding) ?? 0
            }
            return unit
        case .whole(let rows):
            guard let values = work.values.bytes.bindMemory(to: Float.self).baseAddress else {
                return columns
            }
            try rows.decode(bytes, row: row, into: codes, values)
            scales[0] = rows.scale
            return columns
        }
    }

    /// The one scale of `range`, but for those that are 0.
    private func common(
        _ scales: UnsafeMutablePointer<Float>, _ range: Range<Int>, row: Int
    ) throws(ModelFileError) -> Float {
        var common: Float = 0
        for index in range where scales[index] != 0 {
            if common == 0 { common = scales[index] }
            guard scales[index] == common else {
                throw scalesDiffer(common, scales[index], row: row)
            }
        }
        return common
    }

    /// `whole` has the factor in its scale already.
    private func multiplied(_ scale: Float) throws(ModelFileError) -> Float {
        if case .whole = form { return scale }
        return try source.factor?.applied(to: scale) ?? scale
    }

    // MARK: Errors

    private func badBlock(_ block: TernaryBlock, at offset: Int, row: Int) -> ModelFileError {
        guard let start = tensor.bytes.baseAddress.map({ $0 + offset }) else { return notTernary(row: row) }
        let scale = Float(Float16(bitPattern: block.scaleBits(start)))
        guard scale.isFinite, scale >= 0 else {
            return tensor.error(
                .badScale, at: offset, found: "a block scale of \(scale) in row \(row)",
                expected: "a finite one, 0 or above")
        }
        guard block.hasPairs else {
            return tensor.error(
                .badCode, at: offset, found: "a byte that no encoder writes in row \(row)",
                expected: "three-valued weights")
        }
        return tensor.error(
            .badCode, at: offset,
            found:
                "the code 3 in row \(row), which makes it a four-level model (−1, 0, +1 and +2 times a scale)",
            expected: "the codes 0, 1 and 2 of a ternary model",
            remedy: "four-level models cannot be run; use a ternary one")
    }

    private func notTernary(at offset: Int? = nil, row: Int, unit: Int? = nil) -> ModelFileError {
        tensor.error(
            .notTernary, at: offset,
            found: "more than the three values −s, 0, +s in "
                + (source.encoding.scaleGroup == nil ? "row \(row)" : "\(unit ?? 0) weights of row \(row)"),
            expected: "one finite scale s for each, as the rows that were looked at first have",
            remedy: "convert the model so that all its matrices are ternary, or use a GGUF of it of type Q2_0"
        )
    }

    private func scalesDiffer(_ first: Float, _ second: Float, row: Int) -> ModelFileError {
        let place = source.encoding.scaleGroup.map { "\($0) weights of row \(row)" } ?? "row \(row)"
        return tensor.error(
            .scalesDiffer, at: nil, found: "the scales \(first) and \(second) within \(place)",
            expected: "one, as the rows that were looked at first have",
            remedy:
                "the file mixes granularities; convert the original checkpoint, to Q2_0 rather than to TQ2_0")
    }

    private func notHalf(_ scale: Float, row: Int) -> ModelFileError {
        tensor.error(
            .badScale, found: "a scale of \(scale) in row \(row)",
            expected: "a number of 16 bits, as all scales are that were looked at first",
            remedy: "convert the model to F32, or to a GGUF of type Q2_0")
    }
}

extension TernaryBlock {
    /// The name that C has for it.
    fileprivate var type: bn_block_type {
        switch self {
        case .tq1: BN_BLOCK_TQ1
        case .tq2: BN_BLOCK_TQ2
        case .q2Group64: BN_BLOCK_Q2_64
        case .q2Group128: BN_BLOCK_Q2_128
        case .ptq1: BN_BLOCK_PTQ1
        case .q1: BN_BLOCK_Q1
        }
    }
}
