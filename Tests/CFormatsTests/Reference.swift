// SPDX-License-Identifier: MIT

/// The encodings as their definitions have them, one weight after the other.
enum Reference {
    // MARK: Writers

    /// The byte of TQ1_0 for digits, the first most significant, absent ones 0.
    static func tq1Byte(_ digits: [UInt8]) -> UInt8 {
        var value = 0
        for place in 0..<5 { value = value * 3 + (place < digits.count ? Int(digits[place]) : 0) }
        return UInt8((value * 256 + 242) / 243)
    }

    static func tq1Block(_ codes: [UInt8], scale: UInt16) -> [UInt8] {
        var block: [UInt8] = []
        for m in 0..<32 { block.append(tq1Byte((0..<5).map { codes[$0 * 32 + m] })) }
        for m in 0..<16 { block.append(tq1Byte((0..<5).map { codes[160 + $0 * 16 + m] })) }
        for m in 0..<4 { block.append(tq1Byte((0..<4).map { codes[240 + $0 * 4 + m] })) }
        return block + [UInt8(scale & 0xFF), UInt8(scale >> 8)]
    }

    static func tq2Block(_ codes: [UInt8], scale: UInt16) -> [UInt8] {
        planes(codes, group: 32, topFirst: false) + [UInt8(scale & 0xFF), UInt8(scale >> 8)]
    }

    static func planes(_ codes: [UInt8], group: Int, topFirst: Bool) -> [UInt8] {
        stride(from: 0, to: codes.count, by: 4 * group).flatMap { start in
            (0..<group).map { m in
                (0..<4).reduce(UInt8(0)) { byte, plane in
                    byte | codes[start + plane * group + m] << UInt8(topFirst ? 6 - 2 * plane : 2 * plane)
                }
            }
        }
    }

    static func t5Row(_ codes: [UInt8]) -> [UInt8] {
        stride(from: 0, to: codes.count, by: 5).map { start in
            (0..<5).reversed().reduce(UInt8(0)) { byte, place in
                byte * 3 + (start + place < codes.count ? codes[start + place] : 1)
            }
        }
    }

    static let tq1ImpossibleBytes: Set<UInt8> = [1, 20, 40, 60, 79, 99, 119, 138, 158, 178, 197, 217, 237]

    // MARK: The example of 256 weights, their scale 0.5

    static let exampleCodes: [UInt8] = (0..<256).map { (i: Int) -> UInt8 in
        let sum: Int = i * i + 3 * i + i / 7
        return UInt8(sum % 3)
    }
    static let exampleTQ1 = bytes(
        hex: """
            4782901198581cf8b76bc2d685b033c80953e723414782901198581cf8b76bc2e429ee3d35f70d501567a805705c22e3
            8fc1e7560038
            """)
    static let exampleTQ2 = bytes(
        hex: """
            589509901901a02a122162562542640680a84a8488589509901901a02a12216209901901a02a122162562542640680a8
            4a8488589509901901a02a12216256250038
            """)
    static let examplePlanes32 = bytes(
        hex: """
            2556600664400aa88448899558811990022aa112222556600664400aa8844889600664400aa88448899558811990022a
            a112222556600664400aa88448899558
            """)
    static let examplePlanes16 = bytes(
        hex: """
            08466a014a42119a8052908466a014a4466a014a42119a8052908466a014a4216a014a42119a8052908466a014a42119
            014a42119a8052908466a014a42119a8
            """)
}
