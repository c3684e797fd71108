// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import ModelTestSupport
import Testing

func encodeT5(_ trits: [Int8]) -> [UInt8] {
    let codes = trits.map { UInt8($0 + 1) }
    var row = [UInt8](repeating: 0xEE, count: T5.rowByteCount(columns: trits.count))
    row.withUnsafeMutableBytes { row in codes.withUnsafeBufferPointer { T5.encode($0, into: row) } }
    return row
}

@Suite struct TernaryCodecTests {
    @Test(arguments: [TernaryBlock.tq1, .tq2])
    func `the published block gives the published trits`(block: TernaryBlock) throws {
        let bytes = BlockVector.bytes(block)
        #expect(bytes.count == block.byteCount)
        let decoded = decode(block, bytes)
        #expect(decoded.isValid)
        #expect(decoded.trits == BlockVector.trits)
        let scale = bytes.withUnsafeBytes { $0.baseAddress.map(block.scaleBits) }
        #expect(scale == Float16(0.5).bitPattern)
    }

    @Test(
        arguments: [1, 20, 40, 60, 79, 99, 119, 138, 158, 178, 197, 217, 237] as [UInt8], [0, 31, 32, 47, 51])
    func `a TQ1_0 byte that no encoder writes is found`(byte: UInt8, position: Int) {
        var bytes = BlockVector.tq1
        bytes[position] = byte
        #expect(!decode(.tq1, bytes).isValid)
    }

    @Test func `all other TQ1_0 bytes are valid`() {
        let bad: Set<UInt8> = [1, 20, 40, 60, 79, 99, 119, 138, 158, 178, 197, 217, 237]
        var bytes = BlockVector.tq1
        for byte in UInt8.min...UInt8.max where !bad.contains(byte) {
            bytes[17] = byte
            let decoded = decode(.tq1, bytes)
            #expect(decoded.isValid)
            #expect(decoded.trits.allSatisfy { (-1...1).contains($0) })
        }
    }

    @Test(arguments: [0, 31, 32, 63], [0, 2, 4, 6] as [UInt8])
    func `a TQ2_0 code 3 is found`(position: Int, shift: UInt8) {
        var bytes = BlockVector.tq2
        bytes[position] |= 3 << shift
        #expect(!decode(.tq2, bytes).isValid)
    }

    @Test func `T5 bytes are base-3 numbers, least significant trit first`() {
        #expect(encodeT5([-1, -1, -1, -1, -1]) == [0])
        #expect(encodeT5([0, -1, -1, -1, -1]) == [1])
        #expect(encodeT5([-1, -1, -1, -1, 1]) == [162])
        #expect(encodeT5([0, 0, 0, 0, 0]) == [121])
        #expect(encodeT5([1, 1, 1, 1, 1]) == [242])
        // Padding is code 1: 2 + 3·(1 + 3 + 9 + 27).
        #expect(encodeT5([1]) == [122])
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 9, 10, 11, 17, 90, 247, 255, 256, 257, 1000])
    func `T5 rows of any width round-trip`(columns: Int) {
        let trits = TinyModel.trits(columns, seed: UInt64(columns))
        let row = encodeT5(trits)
        #expect(row.count == (columns + 4) / 5)
        row.withUnsafeBytes { raw in
            #expect(T5.firstInvalidByte(in: raw, columns: columns) == nil)
            #expect(T5.trits(raw, columns: columns) == trits)
        }
    }

    @Test func `every T5 byte up to 242 is valid and none above`() {
        for byte in UInt8.min...UInt8.max {
            [121, byte].withUnsafeBytes { raw in
                #expect(T5.firstInvalidByte(in: raw, columns: 10) == (byte <= 242 ? nil : 1))
                #expect((T5.trits(raw, columns: 10) == nil) == (byte > 242))
            }
        }
    }

    @Test(arguments: 1...4)
    func `padding that is not zero weights is found`(used: Int) {
        // Of the bytes 0...242 exactly those with code 1 in every unused place are valid.
        var valid = 0
        for byte in UInt8(0)...242 {
            [121, byte].withUnsafeBytes { raw in
                if T5.firstInvalidByte(in: raw, columns: 5 + used) == nil { valid += 1 }
            }
        }
        #expect(valid == [3, 9, 27, 81][used - 1])
    }

    @Test func `a row that is too short is invalid at its end`() {
        [UInt8(121)].withUnsafeBytes { #expect(T5.firstInvalidByte(in: $0, columns: 6) == 1) }
    }

    @Test func `SHA-256 in pieces is the known value`() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(ContentDigest.of(Array("abc".utf8)).hex == known)
        var hasher = ContentHasher()
        for byte in "abc".utf8 { withUnsafeBytes(of: byte) { hasher.update($0) } }
        #expect(hasher.finish().hex == known)
    }
}
