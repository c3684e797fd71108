// SPDX-License-Identifier: MIT

/// One token of a hop by the definition that CTernary.h gives, bit by bit.
struct HopToken {
    private var scales: [UInt8] = []
    private var codes: [UInt8] = []
    /// What the bytes decode to.
    private(set) var values: [Float] = []

    var bytes: [UInt8] { scales + codes }

    init(_ row: some RandomAccessCollection<Float>) {
        var rest = row[...]
        while !rest.isEmpty {
            append(Array(rest.prefix(32)))
            rest = rest.dropFirst(32)
        }
    }

    private mutating func append(_ block: [Float]) {
        let magnitudes = block.map(\.magnitude).sorted(by: >)
        let scale = Float16(magnitudes[0] / 127)
        let isOutlier = block.map { block.count == 32 && scale > 0 && $0.magnitude > 8 * magnitudes[3] }
        guard isOutlier.contains(true) else {
            append(scale: scale.bitPattern)
            for value in block {
                let code = Self.code(value, scale: scale, within: 127)
                codes.append(UInt8(bitPattern: Int8(code)))
                values.append(Float(code) * Float(scale))
            }
            return
        }
        append(block, isOutlier)
    }

    private mutating func append(_ block: [Float], _ isOutlier: [Bool]) {
        let outliers = block.indices.filter { isOutlier[$0] }
        let others = block.indices.filter { !isOutlier[$0] }
        let codeBits = 8 - outliers.count
        let codeMax = (1 << (codeBits - 1)) - 1
        let scale = Float16(others.reduce(0) { max($0, block[$1].magnitude) } / Float(codeMax))
        append(scale: scale.bitPattern | 0x8000)
        var block = block
        var string: [Bool] = []
        func put(_ value: Int, bits: Int) { string += (0..<bits).map { value >> $0 & 1 == 1 } }
        for (index, place) in outliers.enumerated() {
            // Sixteen significant bits.
            let unit = Double(block[place].ulp) * 256
            block[place] = Float((Double(block[place]) / unit).rounded(.toNearestOrEven) * unit)
            put(place, bits: 5)
            put(outliers.count - 1 - index, bits: 2)
            put(0, bits: 1)
            put(Int(block[place].bitPattern >> 8), bits: 24)
        }
        for place in others {
            let code = Self.code(block[place], scale: scale, within: codeMax)
            put(code, bits: codeBits)
            block[place] = Float(code) * Float(scale)
        }
        put(0, bits: 256 - string.count)
        for begin in stride(from: 0, to: 256, by: 8) {
            codes.append((0..<8).reduce(0) { $0 | (string[begin + $1] ? 1 << $1 : 0) })
        }
        values += block
    }

    private mutating func append(scale bits: UInt16) {
        scales += [UInt8(bits & 0xff), UInt8(bits >> 8)]
    }

    private static func code(_ value: Float, scale: Float16, within codeMax: Int) -> Int {
        guard scale > 0 else { return 0 }
        let ratio = (value / Float(scale)).rounded(.toNearestOrEven)
        return Int(max(-Float(codeMax), min(Float(codeMax), ratio)))
    }
}
