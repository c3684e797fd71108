// SPDX-License-Identifier: MIT
import CFormats
import Testing

/// A kind of block with its scale, and the example of 128 or 256 weights in it: trit j is
/// ((j² + 3j + 7) div 5) mod 3 − 1, the scale 1.5; of bits, the first eight are given and the others are −1 · 0.25.
struct BlockKind: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let type: bn_block_type
    let weights: Int
    let byteCount: Int
    let scaleOffset: Int
    let example: [UInt8]

    init(
        _ name: String, _ type: bn_block_type, _ weights: Int, _ byteCount: Int, scaleAt scaleOffset: Int,
        _ example: String
    ) {
        testDescription = name
        self.type = type
        self.weights = weights
        self.byteCount = byteCount
        self.scaleOffset = scaleOffset
        self.example = bytes(hex: example)
    }

    static let all = [
        BlockKind(
            "TQ1_0", BN_BLOCK_TQ1, 256, 54, scaleAt: 52,
            """
            60e620b4601b215165f12fd28c75a260e620b4601b215165f12fd28c75a260e647d581828796c143c85706103296c2477f
            c104c1003e
            """),
        BlockKind(
            "TQ2_0", BN_BLOCK_TQ2, 256, 66, scaleAt: 64,
            """
            110a448211a04468515a9416a54529110a448211a04468515a9416a54529110a515a9416a54529110a448211a04468515a
            9416a54529110a448211a04468515a003e
            """),
        BlockKind(
            "Q2_0", BN_BLOCK_Q2_64, 64, 18, scaleAt: 0,
            "003e89018955624062951890582506245689 003e01895562406295189058250624568901"),
        BlockKind(
            "PQ2_0", BN_BLOCK_Q2_128, 128, 34, scaleAt: 0,
            "003e8901895562406295189058250624568901895562406295189058250624568901"),
        BlockKind(
            "PTQ1_0", BN_BLOCK_PTQ1, 128, 28, scaleAt: 26,
            "96c143c857061032 96c247d581828796 20212fa2b451d260 5fe4003e"),
        BlockKind("Q1_0", BN_BLOCK_Q1, 128, 18, scaleAt: 0, "0034b1" + String(repeating: "00", count: 15)),
    ]

    var hasTrits: Bool { type != BN_BLOCK_Q1 }

    var exampleCodes: [UInt8] {
        (0..<example.count / byteCount * weights).map { (j: Int) -> UInt8 in
            if hasTrits { return UInt8((j * j + 3 * j + 7) / 5 % 3) }
            return j < 8 && 0xB1 >> j & 1 == 1 ? 2 : 0
        }
    }

    /// Bits of a scale put into a copy of a block.
    func block(_ block: some Collection<UInt8>, scale: UInt16) -> [UInt8] {
        var block = Array(block)
        block[scaleOffset] = UInt8(scale & 0xFF)
        block[scaleOffset + 1] = UInt8(scale >> 8)
        return block
    }

    var first: ArraySlice<UInt8> { example[..<byteCount] }
}

@Suite struct GroupedRowsTests {
    private func unpack(
        _ functions: bn_formats, _ kind: BlockKind, _ blocks: [UInt8]
    ) throws -> (codes: [UInt8], scales: [UInt16], answer: Int) {
        let fenced = try Fenced(capacity: blocks.count)
        let count = blocks.count / kind.byteCount
        var scales = [UInt16](repeating: 0xEEEE, count: count + 1)
        let (codes, answer) = try written(count * kind.weights) {
            functions.unpack_blocks(kind.type, fenced.holding(blocks), count, $0, &scales)
        }
        #expect(scales.last == 0xEEEE)
        return (codes, Array(scales.dropLast()), answer)
    }

    @Test(arguments: Variant.available, BlockKind.all)
    func `the example of a type gives its weights`(variant: Variant, kind: BlockKind) throws {
        let functions = try #require(variant.functions)
        for repeats in [0, 1, 3] {
            let blocks = [[UInt8]](repeating: kind.example, count: repeats).flatMap(\.self)
            let (codes, scales, answer) = try unpack(functions, kind, blocks)
            #expect(answer == blocks.count / kind.byteCount)
            #expect(codes == [[UInt8]](repeating: kind.exampleCodes, count: repeats).flatMap(\.self))
            #expect(scales.allSatisfy { $0 == (kind.hasTrits ? 0x3E00 : 0x3400) })
        }
    }

    @Test(arguments: Variant.available, BlockKind.all)
    func `scales are kept as they are, and the first that is none is found`(
        variant: Variant, kind: BlockKind
    ) throws {
        let functions = try #require(variant.functions)
        // The least and the largest subnormal, 1, the largest.
        let good: [UInt16] = [1, 0x3FF, 0x3C00, 0x7BFF]
        let blocks = good.map { kind.block(kind.first, scale: $0) }
        let (_, scales, answer) = try unpack(functions, kind, blocks.flatMap(\.self))
        #expect(scales == good && answer == 4)
        for bad in [0x7C00, 0x7E00, 0x8001, 0xBC00, 0xFC00, 0xFFFF] as [UInt16] {
            for place in 0..<4 {
                var blocks = blocks
                blocks[place] = kind.block(kind.first, scale: bad)
                #expect(try unpack(functions, kind, blocks.flatMap(\.self)).answer == place)
            }
        }
    }

    @Test(arguments: Variant.available, BlockKind.all)
    func `a block of scale 0 is of zeros, and one of zeros has scale 0`(
        variant: Variant, kind: BlockKind
    ) throws {
        let functions = try #require(variant.functions)
        for zero in [0, 0x8000] as [UInt16] {
            let blocks = kind.block(kind.first, scale: zero) + kind.first
            let (codes, scales, answer) = try unpack(functions, kind, blocks)
            #expect(answer == 2 && scales[0] == 0 && scales[1] != 0)
            #expect(codes[..<kind.weights].allSatisfy { $0 == 1 })
        }
        guard kind.hasTrits else { return }
        let hasPairs = kind.type != BN_BLOCK_TQ1 && kind.type != BN_BLOCK_PTQ1
        var empty = [UInt8](repeating: hasPairs ? 0x55 : 128, count: kind.byteCount)
        // Bytes of four digits have 0 for the fifth.
        let tails = kind.type == BN_BLOCK_TQ1 ? 48..<52 : kind.type == BN_BLOCK_PTQ1 ? 24..<26 : 0..<0
        for index in tails { empty[index] = 127 }
        let (codes, scales, answer) = try unpack(functions, kind, kind.block(empty, scale: 0x3C00))
        #expect(answer == 1 && scales == [0] && codes.allSatisfy { $0 == 1 })
    }

    @Test(arguments: Variant.available, BlockKind.all)
    func `a byte that is no code is found wherever it stands`(variant: Variant, kind: BlockKind) throws {
        guard kind.hasTrits else { return }
        let functions = try #require(variant.functions)
        let isScale = { (index: Int) in index == kind.scaleOffset || index == kind.scaleOffset + 1 }
        let hasPairs = kind.type != BN_BLOCK_TQ1 && kind.type != BN_BLOCK_PTQ1
        for place in 0..<kind.byteCount where !isScale(place) {
            let bad: [UInt8] =
                hasPairs ? [0x03, 0x0C, 0x30, 0xC0] : Reference.tq1ImpossibleBytes.sorted()
            for byte in bad {
                var block = Array(kind.first)
                block[place] = hasPairs ? block[place] | byte : byte
                #expect(try unpack(functions, kind, kind.first + block + kind.first).answer == 1)
            }
        }
    }

    @Test(arguments: Variant.available, [BN_SOURCE_F16, BN_SOURCE_BF16, BN_SOURCE_F32])
    func `plain numbers in groups give codes and magnitudes`(
        variant: Variant, type: bn_source_type
    ) throws {
        let functions = try #require(variant.functions)
        let size = type == BN_SOURCE_F32 ? 4 : 2
        let sign: UInt32 = size == 4 ? 1 << 31 : 1 << 15
        var lottery = Lottery(seed: 11)
        for group in [1, 12, 64, 128, 256, 300] {
            let magnitudes: [UInt32] = [1, 0, size == 4 ? 0x3F80_0000 : 0x3C00]
            var expected: [UInt8] = []
            var numbers: [UInt32] = []
            for magnitude in magnitudes {
                // The first weight is not 0, so that the magnitude shows.
                let codes =
                    magnitude == 0 ? [UInt8](repeating: 1, count: group) : [2] + lottery.codes(group - 1)
                expected += codes
                numbers += codes.enumerated().map { index, code in
                    // Either zero is one.
                    code == 1 ? (index % 2 == 0 ? 0 : sign) : code == 0 ? magnitude | sign : magnitude
                }
            }
            func bytes(_ numbers: [UInt32]) -> [UInt8] {
                numbers.flatMap { number in (0..<size).map { UInt8(number >> (8 * $0) & 0xFF) } }
            }
            let fenced = try Fenced(capacity: numbers.count * size)
            func unpack(_ numbers: [UInt32]) throws -> (codes: [UInt8], found: [UInt32], answer: Int) {
                var found = [UInt32](repeating: 9, count: 3)
                let (codes, answer) = try written(3 * group) {
                    functions.unpack_dense_groups(type, fenced.holding(bytes(numbers)), 3, group, $0, &found)
                }
                return (codes, found, answer)
            }
            let good = try unpack(numbers)
            #expect(good.answer == 3 && good.codes == expected && good.found == magnitudes)
            let infinite: UInt32 =
                type == BN_SOURCE_F32 ? 0x7F80_0000 : type == BN_SOURCE_F16 ? 0x7C00 : 0x7F80
            for bad in [infinite, infinite | 1, infinite | sign] {
                var wrong = numbers
                wrong[2 * group] = bad
                #expect(try unpack(wrong).answer == 2)
            }
            guard group > 1 else { continue }
            var wrong = numbers
            wrong[group - 1] = 2
            #expect(try unpack(wrong).answer == 0)
        }
    }

    @Test(arguments: Variant.available, [64, 128, 256])
    func `groups become rows of T5 of an even number of bytes`(variant: Variant, group: Int) throws {
        let functions = try #require(variant.functions)
        var lottery = Lottery(seed: 12)
        let byteCount = [64: 14, 128: 26, 256: 52][group] ?? 0
        for count in 0...5 {
            let codes = lottery.codes(count * group)
            let fenced = try Fenced(capacity: codes.count)
            let (bytes, _) = try written(count * byteCount) {
                functions.pack_t5_groups(fenced.holding(codes), count, group, $0)
            }
            let expected = stride(from: 0, to: codes.count, by: group).flatMap { start in
                let row = Reference.t5Row(Array(codes[start..<start + group]))
                return row + [UInt8](repeating: 121, count: byteCount - row.count)
            }
            #expect(bytes == expected)
        }
    }

    @Test func `the functions without a choice give what the chosen ones give for groups`() throws {
        for kind in BlockKind.all {
            let count = kind.example.count / kind.byteCount
            var scales = [UInt16](repeating: 0, count: count)
            let (codes, answer) = try written(count * kind.weights) {
                bn_unpack_blocks(kind.type, kind.example, count, $0, &scales)
            }
            #expect(answer == count && codes == kind.exampleCodes)
            let packed = try written(codes.count / 64 * 14) {
                bn_pack_t5_groups(codes, codes.count / 64, 64, $0)
            }
            #expect(packed.bytes.prefix(13) == Reference.t5Row(Array(codes[..<64]))[...])
        }
        var magnitude: UInt32 = 0
        let halves = try written(2) {
            bn_unpack_dense_groups(BN_SOURCE_F16, [0, 0xBC, 0, 0x3C], 1, 2, $0, &magnitude)
        }
        #expect(halves.answer == 1 && halves.bytes == [0, 2] && magnitude == 0x3C00)
    }
}
