// SPDX-License-Identifier: MIT
import CFormats
import Testing

@Suite struct BlockTests {
    private static let scale: UInt16 = 0x3800

    enum Kind: CaseIterable {
        case tq1, tq2

        var byteCount: Int { self == .tq1 ? 54 : 66 }
        var example: [UInt8] { self == .tq1 ? Reference.exampleTQ1 : Reference.exampleTQ2 }

        func block(_ codes: [UInt8]) -> [UInt8] {
            self == .tq1
                ? Reference.tq1Block(codes, scale: scale) : Reference.tq2Block(codes, scale: scale)
        }

        func unpack(
            _ variant: Variant, _ blocks: UnsafePointer<UInt8>, _ count: Int, _ scale: UInt16,
            _ codes: UnsafeMutablePointer<UInt8>
        ) throws -> Int {
            let functions = try #require(variant.functions)
            return self == .tq1
                ? functions.unpack_tq1(blocks, count, scale, codes)
                : functions.unpack_tq2(blocks, count, scale, codes)
        }
    }

    @Test(arguments: Kind.allCases)
    func `the reference writes the published example`(kind: Kind) {
        #expect(kind.block(Reference.exampleCodes) == kind.example)
    }

    @Test(arguments: Variant.available, Kind.allCases)
    func `blocks become their codes`(variant: Variant, kind: Kind) throws {
        let fenced = try Fenced(capacity: 10 * 66)
        var lottery = Lottery(seed: 1)
        for count in 0..<8 {
            let codes = Reference.exampleCodes + lottery.codes(256 * count)
            let blocks = stride(from: 0, to: codes.count, by: 256).flatMap {
                kind.block(Array(codes[$0..<$0 + 256]))
            }
            let (bytes, answer) = try written(codes.count) {
                try kind.unpack(variant, fenced.holding(blocks), count + 1, Self.scale, $0)
            }
            #expect(answer == count + 1)
            #expect(bytes == codes)
        }
    }

    @Test(arguments: Variant.available, Kind.allCases)
    func `no block is nothing wrong`(variant: Variant, kind: Kind) throws {
        let fenced = try Fenced(capacity: 1)
        let (_, answer) = try written(0) {
            try kind.unpack(variant, fenced.holding([]), 0, Self.scale, $0)
        }
        #expect(answer == 0)
    }

    @Test(arguments: Variant.available, Kind.allCases)
    func `every byte at every place of a block is told from the impossible ones`(
        variant: Variant, kind: Kind
    ) throws {
        let fenced = try Fenced(capacity: 3 * 66)
        let codes = Reference.exampleCodes + Reference.exampleCodes + Reference.exampleCodes
        let whole = kind.example + kind.example + kind.example
        for place in 0..<kind.byteCount - 2 {
            for value in UInt8.min...UInt8.max {
                let isPossible =
                    kind == .tq1
                    ? !Reference.tq1ImpossibleBytes.contains(value)
                    : (0..<4).allSatisfy { value >> UInt8(2 * $0) & 3 != 3 }
                var blocks = whole
                blocks[kind.byteCount + place] = value
                let (bytes, answer) = try written(codes.count) {
                    try kind.unpack(variant, fenced.holding(blocks), 3, Self.scale, $0)
                }
                let isRight = answer == (isPossible ? 3 : 1) && bytes[..<256] == codes[..<256]
                #expect(isRight, "byte \(value) at \(place)")
            }
        }
    }

    @Test(arguments: Variant.available, Kind.allCases)
    func `the first block with another scale is named`(variant: Variant, kind: Kind) throws {
        let fenced = try Fenced(capacity: 6 * 66)
        for block in 0..<6 {
            for bit in 0..<16 {
                var blocks = (0..<6).flatMap { _ in kind.example }
                for later in block..<6 {
                    blocks[(later + 1) * kind.byteCount - 2 + bit / 8] ^= 1 << UInt8(bit % 8)
                }
                let (bytes, answer) = try written(6 * 256) {
                    try kind.unpack(variant, fenced.holding(blocks), 6, Self.scale, $0)
                }
                #expect(answer == block)
                #expect(
                    bytes[..<(block * 256)].elementsEqual((0..<block).flatMap { _ in Reference.exampleCodes })
                )
            }
        }
    }
}
