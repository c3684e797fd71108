// SPDX-License-Identifier: MIT
import CFormats
import Testing

@Suite struct PlaneTests {
    @Test func `the reference writes the published examples`() {
        let codes = Reference.exampleCodes
        #expect(Reference.planes(codes, group: 32, topFirst: true) == Reference.examplePlanes32)
        #expect(Reference.planes(codes, group: 16, topFirst: true) == Reference.examplePlanes16)
        #expect(Reference.planes(codes, group: 32, topFirst: false) == Reference.exampleTQ2.dropLast(2))
    }

    @Test(arguments: Variant.available, [1, 3, 16, 32, 40])
    func `planes become their codes`(variant: Variant, group: Int) throws {
        let functions = try #require(variant.functions)
        let fenced = try Fenced(capacity: 8 * group)
        var lottery = Lottery(seed: 2)
        for groups in 0..<8 {
            for topFirst in [false, true] {
                let codes = lottery.codes(4 * group * groups)
                let packed = fenced.holding(Reference.planes(codes, group: group, topFirst: topFirst))
                let (bytes, answer) = try written(codes.count) {
                    functions.unpack_planes(packed, group * groups, group, topFirst, $0)
                }
                #expect(answer)
                #expect(bytes == codes)
            }
        }
    }

    @Test(arguments: Variant.available, [3, 16, 32])
    func `a code 3 is found wherever it stands`(variant: Variant, group: Int) throws {
        let functions = try #require(variant.functions)
        let fenced = try Fenced(capacity: 3 * group)
        let codes = (0..<12 * group).map { UInt8($0 % 3) }
        for place in codes.indices {
            var wrong = codes
            wrong[place] = 3
            let packed = fenced.holding(Reference.planes(wrong, group: group, topFirst: true))
            let (_, answer) = try written(codes.count) {
                functions.unpack_planes(packed, 3 * group, group, true, $0)
            }
            #expect(!answer, "code 3 at \(place)")
        }
    }

    @Test(arguments: [16, 32])
    func `weights are read from any place of a tensor`(group: Int) throws {
        var lottery = Lottery(seed: 3)
        let codes = lottery.codes(4 * group * 5)
        let fenced = try Fenced(capacity: codes.count / 4)
        let packed = fenced.holding(Reference.planes(codes, group: group, topFirst: true))
        for first in stride(from: 0, to: codes.count, by: 7) {
            for count in [0, 1, 2, codes.count - first] where first + count <= codes.count {
                let (bytes, answer) = try written(count) {
                    bn_unpack_planes_at(packed, first, count, group, $0)
                }
                #expect(answer)
                #expect(bytes == Array(codes[first..<first + count]))
            }
        }
    }

    @Test func `a code 3 counts only among the weights asked for`() throws {
        var codes = [UInt8](repeating: 0, count: 256)
        codes[100] = 3
        let packed = Reference.planes(codes, group: 32, topFirst: true)
        for (first, count, isValid) in [(0, 100, true), (100, 1, false), (101, 155, true), (0, 256, false)] {
            let (_, answer) = try written(count) { bn_unpack_planes_at(packed, first, count, 32, $0) }
            #expect(answer == isValid)
        }
    }

    @Test(arguments: Variant.available, [0, 2, 4, 6] as [UInt32])
    func `one of four rows that share their bytes becomes its codes`(
        variant: Variant, shift: UInt32
    ) throws {
        let functions = try #require(variant.functions)
        let fenced = try Fenced(capacity: 700)
        var lottery = Lottery(seed: 4)
        for count in 0...700 {
            let codes = lottery.codes(count)
            // The other rows' codes may be anything.
            let packed = codes.map { code in
                UInt8.random(in: 0...255, using: &lottery) & ~(3 << UInt8(shift)) | code << UInt8(shift)
            }
            let (bytes, answer) = try written(count) {
                functions.unpack_shifted(fenced.holding(packed), count, shift, $0)
            }
            #expect(answer && bytes == codes, "\(count) weights")
        }
    }

    @Test(arguments: Variant.available)
    func `a code 3 of the row is found wherever it stands`(variant: Variant) throws {
        let functions = try #require(variant.functions)
        let fenced = try Fenced(capacity: 100)
        for place in 0..<100 {
            var packed = [UInt8](repeating: 0b1100_1111, count: 100)
            packed[place] = 0b0011_0000
            let (_, answer) = try written(100) {
                functions.unpack_shifted(fenced.holding(packed), 100, 4, $0)
            }
            #expect(!answer, "code 3 at \(place)")
        }
    }
}
