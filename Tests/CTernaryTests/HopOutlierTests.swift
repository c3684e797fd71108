// SPDX-License-Identifier: MIT
import CTernary
import Testing

/// Blocks in which a few values dwarf the others.
@Suite struct HopOutlierTests {
    /// One whole block's bytes, which decode to what rounding makes of it; `nil` if it cannot be sent.
    private func encode(_ x: [Float], on variant: Variant) throws -> [UInt8]? {
        let kernels = try variant.kernels
        var bytes = [UInt8](repeating: 0xaa, count: 34)
        var rounded = x
        let status = bn_hop_encode(kernels, nil, &bytes, x, 1, 32)
        try #require(bn_hop_round(kernels, nil, &rounded, 1, 32) == status)
        guard status == BN_OK else { return nil }
        #expect(try decode(bytes, on: variant)?.bits == rounded.bits)
        return bytes
    }

    private func decode(_ bytes: [UInt8], on variant: Variant) throws -> [Float]? {
        let columns = bytes.count - 2
        var decoded = [Float](repeating: .nan, count: columns)
        return try bn_hop_decode(variant.kernels, nil, &decoded, bytes, 1, columns) == BN_OK ? decoded : nil
    }

    private func isMarked(_ bytes: [UInt8]?) -> Bool? { bytes.map { $0[1] & 0x80 != 0 } }

    @Test(arguments: Variant.all, 1...3)
    func `outliers are kept at every place, and spare the others`(variant: Variant, count: Int) throws {
        var generator = Generator(seed: UInt64(count))
        for place in 0..<32 {
            let plain = generator.floats(32, within: 1)
            var x = plain
            let places = (0..<count).map { (place + 11 * $0) % 32 }
            for (index, place) in places.enumerated() { x[place] = index % 2 == 0 ? 1000.7 : -99999.9 }
            let bytes = try #require(try encode(x, on: variant))
            let token = HopToken(x)
            #expect(bytes == token.bytes)
            let decoded = try #require(try decode(bytes, on: variant))
            #expect(decoded.bits == token.values.bits)
            let step = 1 / Float((1 << (7 - count)) - 1)
            for index in 0..<32 {
                let bound = places.contains(index) ? x[index].magnitude / 65536 : 0.501 * step
                #expect((decoded[index] - x[index]).magnitude <= bound)
            }
        }
    }

    @Test(arguments: Variant.all)
    func `an outlier is more than eight times the fourth largest`(variant: Variant) throws {
        let plain: [Float] = (0..<32).map { $0 % 2 == 0 ? 0.75 : -0.5 }
        func marked(_ changes: [Int: Float]) throws -> Bool? {
            var x = plain
            for (place, value) in changes { x[place] = value }
            let bytes = try encode(x, on: variant)
            #expect(bytes == HopToken(x).bytes)
            return isMarked(bytes)
        }
        #expect(try marked([:]) == false)
        #expect(try marked([3: 6]) == false)
        #expect(try marked([3: Float(6).nextUp]) == true)
        #expect(try marked([3: -Float(6).nextUp, 4: 6, 9: 100]) == true)
        #expect(try marked([3: 100, 17: 100, 31: 100]) == true)
        #expect(try marked([3: 100, 17: 100, 31: 100, 0: 12.5]) == false)
        #expect(try marked([3: 100, 17: 100, 31: 100, 0: Float(12.5).nextDown]) == true)
        #expect(try marked([3: 100, 17: 7, 31: 5]) == true)
        // One value in each of four interleaved parts, and all four in one.
        #expect(try marked([0: 100, 1: 100, 2: 100, 3: 100]) == false)
        #expect(try marked([0: 100, 4: 100, 8: 100, 28: 100]) == false)
    }

    @Test(arguments: Variant.all)
    func `extremes are sent or refused, never spoilt`(variant: Variant) throws {
        func check(_ others: Float, _ outlier: Float, isSent: Bool) throws {
            var x = [Float](repeating: others, count: 32)
            x[30] = outlier
            let bytes = try encode(x, on: variant)
            #expect((bytes != nil) == isSent, "\(others), \(outlier)")
            if isSent { #expect(bytes == HopToken(x).bytes, "\(others), \(outlier)") }
        }
        try check(0, 1, isSent: true)
        try check(-0.0, -1, isSent: true)
        try check(0x1p-133, 1, isSent: true)
        try check(1e-9, 1, isSent: true)
        try check(3e-6, 1, isSent: true)
        // What is beyond 127 times the largest half is no matter, what is beyond 63 times of the others is.
        try check(1, 1e7, isSent: true)
        try check(4.12e6, 1e9, isSent: true)
        try check(4.2e6, 1e9, isSent: false)
        try check(1, Float(bitPattern: 0x7f7f_ff7f), isSent: true)
        try check(1, Float(bitPattern: 0x7f7f_ff80), isSent: false)
        try check(1, -.greatestFiniteMagnitude, isSent: false)
        try check(1, .infinity, isSent: false)
        try check(1, .nan, isSent: false)
        // Where all is rounded to zero there are no outliers.
        try check(0, 3.7e-6, isSent: true)
        try check(1e-12, 1e-7, isSent: true)
        try check(0, .leastNonzeroMagnitude, isSent: true)
        #expect(try isMarked(encode([Float](repeating: 0, count: 31) + [3.7e-6], on: variant)) == false)
        #expect(try isMarked(encode([Float](repeating: 0, count: 31) + [3.8e-6], on: variant)) == true)
        #expect(try isMarked(encode([Float](repeating: 0, count: 32), on: variant)) == false)
    }

    @Test(arguments: Variant.all)
    func `a block of fewer values has no outliers`(variant: Variant) throws {
        let kernels = try variant.kernels
        let x = [Float](repeating: 1, count: 30) + [1000]
        var bytes = [UInt8](repeating: 0, count: 33)
        #expect(bn_hop_encode(kernels, nil, &bytes, x, 1, 31) == BN_OK)
        #expect(bytes == HopToken(x).bytes)
        #expect(isMarked(bytes) == false)
        bytes = [0x00, 0x80] + [UInt8](repeating: 0, count: 31)
        #expect(try decode(bytes, on: variant) == nil)
        #expect(try decode(bytes + [0], on: variant) != nil)
    }

    @Test(arguments: Variant.all)
    func `outliers that no encoder writes are refused`(variant: Variant) throws {
        for count in 1...3 {
            var x = [Float](repeating: 1, count: 32)
            for index in 0..<count { x[5 + 3 * index] = 1000 }
            let bytes = try #require(try encode(x, on: variant))
            func refuses(_ change: (inout [UInt8]) -> Void) throws -> Bool {
                var bytes = bytes
                change(&bytes)
                return try decode(bytes, on: variant) == nil
            }
            #expect(try !refuses { $0[0] ^= 1 })
            #expect(try refuses { $0[2] |= 0x60 })
            for word in 0..<count {
                let at = 2 + 4 * word
                // How many follow, which the first word alone may say, and the bit above.
                for bit in (word > 0 ? 5 : 7)...7 {
                    #expect(try refuses { $0[at] ^= 1 << bit }, "\(count), \(word), \(bit)")
                }
                #expect(try refuses { ($0[at + 2], $0[at + 3]) = (0x80, 0x7f) })
                #expect(try refuses { ($0[at + 2], $0[at + 3]) = (0x80, 0xff) })
                #expect(try refuses { ($0[at + 2], $0[at + 3]) = (0xc0, 0x7f) })
                if word > 0 {
                    #expect(try refuses { $0[at] = $0[at] & 0xe0 | $0[at - 4] & 0x1f })
                    #expect(try refuses { $0[at] &= 0xe0 })
                }
            }
            let used = 32 * count + (32 - count) * (8 - count)
            for bit in used..<256 { #expect(try refuses { $0[2 + bit / 8] ^= 1 << (bit % 8) }, "\(bit)") }
            #expect(try !refuses { $0[2 + (used - 1) / 8] ^= 1 << ((used - 1) % 8) })
        }
    }

    @Test(arguments: Variant.all)
    func `whatever bytes are accepted give finite values`(variant: Variant) throws {
        var generator = Generator(seed: 34)
        var acceptedCount = 0
        for _ in 0..<20_000 {
            var bytes = (0..<34).map { _ in UInt8.random(in: 0...255, using: &generator) }
            bytes[1] |= 0x80
            // One outlier, and zeros at the end: of other bytes hardly any would be accepted.
            bytes[2] &= 0x1f
            bytes[33] &= 1
            guard let values = try decode(bytes, on: variant) else { continue }
            acceptedCount += 1
            if !values.allSatisfy(\.isFinite) { Issue.record("\(bytes)") }
        }
        #expect(acceptedCount > 10_000)
    }
}
