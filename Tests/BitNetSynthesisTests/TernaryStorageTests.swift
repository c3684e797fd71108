// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetSynthesis
import ModelTestSupport
import Testing

/// Codes of a matrix, by the shortest reading of the format's description.
///
/// - Returns: `[rows, columns]`, each 0...3.
private func decoded(_ storage: TernaryStorage, _ bytes: [UInt8], rows: Int, columns: Int) -> [UInt8] {
    (0..<rows * columns).map { flat in
        let (row, column) = (flat / columns, flat % columns)
        switch storage {
        case .i2s(.a): return bytes[flat / 128 * 32 + flat % 32] >> (6 - 2 * (flat % 128 / 32)) & 3
        case .i2s(.b): return bytes[flat / 64 * 16 + flat % 16] >> (6 - 2 * (flat % 64 / 16)) & 3
        case .i2s(.c): return bytes[row / 4 * columns + column] >> (6 - 2 * (row % 4)) & 3
        case .packedRows: return bytes[row % (rows / 4) * columns + column] >> (2 * (row / (rows / 4))) & 3
        case .blocks(let block):
            let start = flat / block.elementCount * block.byteCount
            let bytes = Array(bytes[start..<start + block.byteCount])
            return UInt8(decode(block, bytes).trits[flat % block.elementCount] + 1)
        case .dense(let encoding):
            let size = encoding.rowByteCount(columns: 1)
            let bits = (0..<size).reduce(UInt32(0)) { $0 | UInt32(bytes[flat * size + $1]) << (8 * $1) }
            let sign = UInt32(1) << (8 * size - 1)
            return bits == 0 ? 1 : bits & sign == 0 ? 2 : 0
        }
    }
}

private func encoded(
    _ storage: TernaryStorage, _ codes: [UInt8], rows: Int, columns: Int, scale: Float = 0.5
) -> [UInt8] {
    let rowsPerUnit = storage.rowsPerUnit(columns: columns)
    let unitByteCount = storage.unitByteCount(columns: columns)
    var bytes = [UInt8](repeating: 0xEE, count: rows / rowsPerUnit * unitByteCount)
    bytes.withUnsafeMutableBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        for unit in 0..<rows / rowsPerUnit {
            let unitCodes = (0..<rowsPerUnit).flatMap { part in
                let row = storage.row(part, ofUnit: unit, rows: rows, columns: columns)
                return codes[row * columns..<(row + 1) * columns]
            }
            unitCodes.withUnsafeBufferPointer { unitCodes in
                guard let codes = unitCodes.baseAddress else { return }
                storage.encode(codes, columns: columns, scales: [scale], into: base + unit * unitByteCount)
            }
        }
    }
    return bytes + storage.tail(scale: scale)
}

@Suite struct TernaryStorageTests {
    private static let i2sA = """
        2556600664400aa88448899558811990022aa112222556600664400aa8844889
        600664400aa88448899558811990022aa112222556600664400aa88448899558
        """
    private static let i2sB = """
        08466a014a42119a8052908466a014a4466a014a42119a8052908466a014a421
        6a014a42119a8052908466a014a42119014a42119a8052908466a014a42119a8
        """
    private static let packed = """
        1445511485a1689aa6699a268922088220080240501445511485a1689aa6699a
        268922088220080240501445511485a1689aa6699a2689220882200802405014
        """
    private static let tail = "0000003f" + String(repeating: "00", count: 28)

    /// Trit j is ((j² + 3j + 7) div 5) mod 3 − 1, the scale 1.5; of bits, the first eight are 0xB1, the scale is 0.25.
    @Test(arguments: [
        (
            TernaryBlock.tq1,
            "60e620b4601b215165f12fd28c75a260e620b4601b215165f12fd28c75a260e647d581828796c143c85706103296c2477f"
                + "c104c1003e"
        ),
        (
            .tq2,
            "110a448211a04468515a9416a54529110a448211a04468515a9416a54529110a515a9416a54529110a448211a04468515a"
                + "9416a54529110a448211a04468515a003e"
        ),
        (.q2Group64, "003e89018955624062951890582506245689003e01895562406295189058250624568901"),
        (.q2Group128, "003e8901895562406295189058250624568901895562406295189058250624568901"),
        (.ptq1, "96c143c85706103296c247d58182879620212fa2b451d2605fe4003e"),
        (.q1, "0034b1000000000000000000000000000000"),
    ])
    func `the worked example of a block has its bytes, and they have its weights`(
        block: TernaryBlock, hexadecimal: String
    ) {
        let bytes = BlockVector.hexadecimal(hexadecimal)
        let count = bytes.count / block.byteCount * block.elementCount
        let codes = (0..<count).map { (j: Int) -> UInt8 in
            if block == .q1 { return j < 8 && 0xB1 >> j & 1 == 1 ? 2 : 0 }
            return UInt8((j * j + 3 * j + 7) / 5 % 3)
        }
        let storage = TernaryStorage.blocks(block)
        let scale: Float = block == .q1 ? 0.25 : 1.5
        #expect(encoded(storage, codes, rows: 1, columns: count, scale: scale) == bytes)
        #expect(decoded(storage, bytes, rows: 1, columns: count) == codes)
    }

    @Test(arguments: [
        (TernaryStorage.blocks(.tq1), 1, BlockVector.tq1), (.blocks(.tq2), 1, BlockVector.tq2),
        (.i2s(.a), 1, BlockVector.hexadecimal(i2sA + tail)),
        (.i2s(.b), 1, BlockVector.hexadecimal(i2sB + tail)),
        (.packedRows, 8, BlockVector.hexadecimal(packed)),
    ])
    func `the published trits give the published bytes`(storage: TernaryStorage, rows: Int, bytes: [UInt8]) {
        let codes = BlockVector.trits.map { UInt8($0 + 1) }
        #expect(encoded(storage, codes, rows: rows, columns: 256 / rows) == bytes)
        #expect(decoded(storage, bytes, rows: rows, columns: 256 / rows) == codes)
    }

    @Test func `plain floats are the scale with a sign, or zero`() {
        let codes: [UInt8] = [0, 1, 2]
        #expect(
            encoded(.dense(.float32), codes, rows: 1, columns: 3, scale: 0.375)
                == [-0.375, 0, 0.375].flatMap { littleEndian(Float($0).bitPattern) })
        #expect(
            encoded(.dense(.float16), codes, rows: 1, columns: 3, scale: 0.375)
                == [-0.375, 0, 0.375].flatMap { littleEndian(Float16($0).bitPattern) })
        #expect(
            encoded(.dense(.bfloat16), codes, rows: 1, columns: 3, scale: 0.375)
                == [0xC0, 0xBE, 0, 0, 0xC0, 0x3E])
    }

    /// Widths around those of blocks, and 1bitLLM's, that are multiples of neither 128 nor 256.
    private static let shapes = [
        (4, 32), (4, 64), (8, 16), (64, 2), (128, 1), (128, 3), (32, 100), (16, 200), (64, 34), (12, 256),
        (4, 768),
        (16, 8640), (32, 5460), (8, 3200),
    ]

    @Test(
        arguments: [
            TernaryStorage.blocks(.tq1), .blocks(.tq2), .i2s(.a), .i2s(.b), .i2s(.c), .packedRows,
            .dense(.float16),
            .dense(.bfloat16), .dense(.float32),
        ], shapes)
    func `matrices of odd widths survive encoding`(storage: TernaryStorage, shape: (rows: Int, columns: Int))
    {
        guard storage.misfit(rows: shape.rows, columns: shape.columns) == nil else { return }
        let codes = TinyModel.trits(shape.rows * shape.columns, seed: UInt64(shape.columns)).map {
            UInt8($0 + 1)
        }
        let bytes = encoded(storage, codes, rows: shape.rows, columns: shape.columns)
        #expect(decoded(storage, bytes, rows: shape.rows, columns: shape.columns) == codes)
        let weights = shape.rows * shape.columns
        switch storage {
        case .i2s: #expect(bytes.count == weights / 4 + 32)
        case .packedRows: #expect(bytes.count == weights / 4)
        case .blocks(let block): #expect(bytes.count == weights / 256 * block.byteCount)
        case .dense(let encoding): #expect(bytes.count == encoding.rowByteCount(columns: weights))
        }
    }

    @Test func `a shape that an encoding cannot hold is told from one that it can`() {
        let cases: [(TernaryStorage, Int, Int, Bool)] = [
            (.blocks(.tq1), 1, 256, true), (.blocks(.tq2), 256, 255, false), (.blocks(.tq2), 1, 3200, false),
            (.i2s(.a), 3200, 8640, true), (.i2s(.a), 1, 64, false), (.i2s(.a), 2, 64, true),
            (.i2s(.b), 1, 64, true), (.i2s(.b), 3, 32, false), (.i2s(.c), 4, 7, true),
            (.i2s(.c), 6, 128, false),
            (.packedRows, 8, 3, true), (.packedRows, 2, 128, false), (.dense(.float16), 3, 5, true),
        ]
        for (storage, rows, columns, fits) in cases {
            #expect(
                (storage.misfit(rows: rows, columns: columns) == nil) == fits, "\(storage) \(rows) \(columns)"
            )
        }
    }

    @Test func `bf16 rounds to the nearest, ties to even`() {
        #expect(BFloat16.bits(1) == 0x3F80)
        #expect(BFloat16.bits(Float(bitPattern: 0x3F80_8000)) == 0x3F80)
        #expect(BFloat16.bits(Float(bitPattern: 0x3F80_8001)) == 0x3F81)
        #expect(BFloat16.bits(Float(bitPattern: 0x3F81_8000)) == 0x3F82)
        #expect(BFloat16.bits(-0.5) == 0xBF00)
        #expect(BFloat16.value(0xBF00) == -0.5)
    }
}
