// SPDX-License-Identifier: MIT

import BitNetCore

/// Reads a ternary tensor of a model file row by row as codes, and finds its one scale.
struct TernaryRows {
    private let tensor: GGUFTensor
    private let data: UnsafeRawBufferPointer
    private let file: String
    /// One row of codes.
    private let scratch: AlignedBuffer

    /// Safety: the caller keeps the file that `data` lies in alive.
    init(_ tensor: GGUFTensor, data: UnsafeRawBufferPointer, file: String) {
        self.tensor = tensor
        self.data = data
        self.file = file
        scratch = AlignedBuffer(byteCount: tensor.columns)
    }

    /// Calls `body` with each row's codes, in order.
    ///
    /// - Returns: the scale: a weight is (code − 1) · scale. 0 if every weight is zero.
    func read(
        _ body: (_ row: Int, _ codes: UnsafeBufferPointer<UInt8>) -> Void
    ) throws(ModelFileError) -> Float {
        switch tensor.type.content {
        case .ternary(let block): try readBlocks(block, body)
        case .dense(.float32): try readDense(UInt32.self, { Float(bitPattern: $0) }, body)
        case .dense(.float16): try readDense(UInt16.self, { Float(Float16(bitPattern: $0)) }, body)
        case .dense(.bfloat16): try readDense(UInt16.self, { Float(bitPattern: UInt32($0) << 16) }, body)
        case .dense, .unreadable:
            throw error(.unsupportedTensorType, nil, found: tensor.type.name, expected: "a ternary tensor")
        }
    }

    private var codes: UnsafeMutableBufferPointer<UInt8> { scratch.bytes.bindMemory(to: UInt8.self) }

    // MARK: Blocks

    private func readBlocks(
        _ block: TernaryBlock, _ body: (Int, UnsafeBufferPointer<UInt8>) -> Void
    ) throws(ModelFileError) -> Float {
        let codes = codes
        guard let base = data.baseAddress, let codesBase = codes.baseAddress else { return 0 }
        let blocksPerRow = tensor.columns / TernaryBlock.elementCount
        var common: UInt16 = 0
        for row in 0..<tensor.rows {
            for index in 0..<blocksPerRow {
                let offset = (row * blocksPerRow + index) * block.byteCount
                let start = codesBase + index * TernaryBlock.elementCount
                guard block.decode(base + offset, into: start) else {
                    throw error(
                        .badCode, offset, found: "a byte that no encoder writes",
                        expected: "three-valued weights")
                }
                let scale = block.scaleBits(base + offset)
                if scale == common, scale != 0 { continue }
                try merge(
                    scale, into: &common, UnsafeBufferPointer(start: start, count: TernaryBlock.elementCount),
                    offset)
            }
            body(row, UnsafeBufferPointer(codes))
        }
        return Float(Float16(bitPattern: common))
    }

    /// Accounts for a block whose scale is zero or not the one seen so far.
    private func merge(
        _ scale: UInt16, into common: inout UInt16, _ codes: UnsafeBufferPointer<UInt8>, _ offset: Int
    ) throws(ModelFileError) {
        // −0 cannot be told from 0 by an encoder that writes the scale of an empty block.
        if scale & 0x7FFF == 0 {
            guard codes.allSatisfy({ $0 == 1 }) else {
                throw error(
                    .badScale, offset, found: "a block of scale 0 with weights in it",
                    expected: "a scale above 0")
            }
            return
        }
        let value = Float(Float16(bitPattern: scale))
        guard value.isFinite, value > 0 else {
            throw error(
                .badScale, offset, found: "a block scale of \(value)", expected: "a finite one above 0")
        }
        guard common == 0 || common == scale else {
            throw error(
                .scalesDiffer, offset,
                found: "block scales differ (\(Float(Float16(bitPattern: common))) and \(value))",
                expected: "one scale for the whole matrix, as BitNet b1.58 has",
                remedy: "this model was not trained with ternary weights, or was quantised again; "
                    + "convert the original checkpoint")
        }
        common = scale
    }

    // MARK: Plain floats

    private func readDense<Bits: FixedWidthInteger & UnsignedInteger>(
        _: Bits.Type, _ float: (Bits) -> Float, _ body: (Int, UnsafeBufferPointer<UInt8>) -> Void
    ) throws(ModelFileError) -> Float {
        let codes = codes
        var magnitude: Bits = 0
        let rowBytes = tensor.columns * MemoryLayout<Bits>.size
        for row in 0..<tensor.rows {
            let bytes = UnsafeRawBufferPointer(rebasing: data[row * rowBytes..<(row + 1) * rowBytes])
            guard Self.decode(bytes, magnitude: &magnitude, into: codes) else {
                throw error(
                    .notTernary, row * rowBytes, found: distinctValues(Bits.self),
                    expected: "not more than the three values −s, 0, +s",
                    remedy: "convert the model so that its matrices are TQ1_0, TQ2_0 or already ternary")
            }
            body(row, UnsafeBufferPointer(codes))
        }
        let scale = float(magnitude)
        guard scale.isFinite else {
            throw error(.badScale, nil, found: "a weight of \(scale)", expected: "finite weights")
        }
        return scale
    }

    /// One row of floats to codes by bit pattern; the first magnitude that is not zero is the scale.
    ///
    /// - Returns: `false` at a second magnitude.
    @inline(__always)
    private static func decode<Bits: FixedWidthInteger & UnsignedInteger>(
        _ row: UnsafeRawBufferPointer, magnitude: inout Bits, into codes: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        let sign = Bits(1) << (Bits.bitWidth - 1)
        for index in codes.indices {
            let bits = Bits(
                littleEndian: row.loadUnaligned(
                    fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self))
            let absolute = bits & ~sign
            if absolute == 0 {
                codes[index] = 1
                continue
            }
            if magnitude == 0 { magnitude = absolute }
            guard absolute == magnitude else { return false }
            codes[index] = bits & sign == 0 ? 2 : 0
        }
        return true
    }

    /// For the message only: how many different values the tensor holds.
    private func distinctValues<Bits: FixedWidthInteger & UnsignedInteger>(_: Bits.Type) -> String {
        let most = 1000
        var seen: Set<Bits> = []
        for offset in stride(from: 0, to: data.count, by: MemoryLayout<Bits>.size) where seen.count < most {
            let bits = Bits(littleEndian: data.loadUnaligned(fromByteOffset: offset, as: Bits.self))
            seen.insert(bits << 1 == 0 ? 0 : bits)
        }
        return "not ternary: \(seen.count < most ? "" : "at least ")\(seen.count) distinct values"
    }

    private func error(
        _ code: ModelFileError.Code, _ dataOffset: Int?, found: String, expected: String,
        remedy: String = ModelFileError.damaged
    ) -> ModelFileError {
        ModelFileError(
            code, file: file, subject: tensor.name, offset: dataOffset.map { tensor.offset + $0 },
            found: found, expected: expected, remedy: remedy)
    }
}
