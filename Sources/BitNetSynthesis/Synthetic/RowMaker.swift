// SPDX-License-Identifier: MIT

import BitNetCore

/// Makes rows of synthetic tensors; used by one thread at a time.
struct RowMaker {
    /// Random words of one row.
    private let words: AlignedBuffer
    /// Codes of one row.
    private let codes: AlignedBuffer
    private let columns: Int

    init(columns: Int) {
        self.columns = columns
        codes = AlignedBuffer(byteCount: columns)
        words = AlignedBuffer(byteCount: (columns + 1) / 2 * MemoryLayout<UInt64>.size)
    }

    /// Fills the first `count` words with those of a row.
    private func random(_ tensor: SyntheticTensor, _ row: Int, _ count: Int) -> UnsafeMutablePointer<UInt64>?
    {
        let all = words.bytes.bindMemory(to: UInt64.self)
        CounterRandom.fill(UnsafeMutableBufferPointer(rebasing: all[..<count]), seed: tensor.rowSeed(row))
        return all.baseAddress
    }

    // MARK: Codes

    /// Eight codes in the bytes of each number below 3⁸, that of the first column in the lowest.
    private static let eightCodes: [UInt64] = (0..<6561).map { (number: Int) -> UInt64 in
        var rest = number
        return (0..<8).reduce(0) { codes, place in
            defer { rest /= 3 }
            return codes | UInt64(rest % 3) << UInt64(8 * place)
        }
    }

    /// A third of each code, as near as 16 random bits for eight of them allow.
    ///
    /// - Parameter codes: room for `columns`.
    func makeCodes(_ tensor: SyntheticTensor, _ row: Int, into codes: UnsafeMutablePointer<UInt8>) {
        guard let words = random(tensor, row, (columns + 31) / 32) else { return }
        let out = UnsafeMutableRawPointer(codes)
        Self.eightCodes.withUnsafeBufferPointer { table in
            for eight in 0..<columns / 8 {
                let sixteen = (words[eight / 4] &>> UInt64(16 &* (eight & 3))) & 0xFFFF
                let number = Int(truncatingIfNeeded: (sixteen &* 6561) &>> 16)
                out.storeBytes(of: table[number].littleEndian, toByteOffset: 8 &* eight, as: UInt64.self)
            }
            guard columns % 8 != 0 else { return }
            let eight = columns / 8
            let sixteen = (words[eight / 4] >> UInt64(16 * (eight & 3))) & 0xFFFF
            let number = Int((sixteen * 6561) >> 16)
            for place in 0..<columns % 8 {
                codes[8 * eight + place] = UInt8(truncatingIfNeeded: table[number] >> UInt64(8 * place))
            }
        }
    }

    // MARK: Floats

    /// - Parameter bytes: room for `columns` values of the table's width.
    func makeValues<Bits: FixedWidthInteger>(
        _ tensor: SyntheticTensor, _ row: Int, table: [Bits], into bytes: UnsafeMutableRawPointer
    ) {
        guard let words = random(tensor, row, (columns + 1) / 2) else { return }
        let values = bytes.assumingMemoryBound(to: Bits.self)
        table.withUnsafeBufferPointer { table in
            for pair in 0..<columns / 2 {
                let sums = Self.sums(words[pair])
                values[2 &* pair] = table[sums.first].littleEndian
                values[2 &* pair &+ 1] = table[sums.second].littleEndian
            }
            if columns % 2 != 0 {
                values[columns - 1] = table[Self.sums(words[columns / 2]).first].littleEndian
            }
        }
    }

    /// The sums of the lower and of the upper four bytes.
    @inline(__always)
    private static func sums(_ word: UInt64) -> (first: Int, second: Int) {
        let everySecondByte: UInt64 = 0x00FF_00FF_00FF_00FF
        let pairs = (word & everySecondByte) &+ (word &>> 8 & everySecondByte)
        let fours = pairs &+ pairs &>> 16
        return (Int(truncatingIfNeeded: fours & 0xFFFF), Int(truncatingIfNeeded: fours &>> 32 & 0xFFFF))
    }

    // MARK: Masters

    /// Weights of full precision that absmean quantisation turns into the tensor's trits and its scale.
    ///
    /// In quarters of the scale a weight of trit 0 is ±1, the others 4...7 as a rule, and the magnitudes of a row
    /// add up to just 4 for each column: the mean of the matrix is its scale, whatever the order of summation.
    ///
    /// - Parameter magnitudes: 0...15 quarters of the scale as the bits of a 16- or 32-bit float.
    func makeMasters<Bits: FixedWidthInteger & UnsignedInteger>(
        _ tensor: SyntheticTensor, _ row: Int, magnitudes: [Bits], into bytes: UnsafeMutableRawPointer
    ) {
        guard let codes = codes.bytes.bindMemory(to: UInt8.self).baseAddress else { return }
        makeCodes(tensor, row, into: codes)
        let codeWords = (columns + 31) / 32
        guard let random = random(tensor, row, codeWords + (columns + 63) / 64) else { return }
        let zeros = (0..<columns).reduce(0) { $0 + (codes[$1] == 1 ? 1 : 0) }
        let others = max(columns - zeros, 1)
        let sum = 4 * columns - zeros
        let sign = Bits(1) << Bits(Bits.bitWidth - 1)
        let values = bytes.assumingMemoryBound(to: Bits.self)
        let (share, rest) = sum.quotientAndRemainder(dividingBy: others)
        var (index, owed, lift) = (0, 0, 0)
        for column in 0..<columns {
            let bit = Int(truncatingIfNeeded: random[codeWords + column / 64] &>> UInt64(column & 63) & 1)
            guard codes[column] != 1 else {
                values[column] = (bit == 0 ? magnitudes[1] : magnitudes[1] | sign).littleEndian
                continue
            }
            index += 1
            // The rest is spread evenly, one quarter at a time.
            owed += rest
            var quarters = share
            if owed >= others {
                owed -= others
                quarters += 1
            }
            // One of two neighbours is lifted by what the other gives up.
            if index % 2 == 1 { lift = index < others ? 2 * bit - 1 : 0 } else { lift = -lift }
            let magnitude = magnitudes[min(quarters + lift, 15)]
            values[column] = (codes[column] == 0 ? magnitude | sign : magnitude).littleEndian
        }
    }
}
