// SPDX-License-Identifier: MIT
import FoundationEssentials
import Testing

/// A safetensors file in memory, so that tests can store its matrices in another form.
struct SafeTensorsImage {
    struct Tensor {
        var type: String
        var shape: [Int]
        var bytes: [UInt8]

        /// BF16 from raw words.
        static func bf16(_ words: [UInt16], shape: [Int]) -> Self {
            Self(type: "BF16", shape: shape, bytes: words.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
        }
    }

    private struct Entry: Codable {
        var dtype: String?
        var shape: [Int]?
        var dataOffsets: [Int]?

        private enum CodingKeys: String, CodingKey {
            case dtype
            case shape
            case dataOffsets = "data_offsets"
        }
    }

    var tensors: [String: Tensor] = [:]

    init(path: String) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONDecoder().decode([String: Entry].self, from: Data(bytes[8..<8 + length]))
        for (name, entry) in header {
            guard let type = entry.dtype, let shape = entry.shape, let range = entry.dataOffsets else {
                continue
            }
            tensors[name] = Tensor(
                type: type, shape: shape, bytes: Array(bytes[8 + length + range[0]..<8 + length + range[1]]))
        }
    }

    func write(path: String) throws {
        var header: [String: Entry] = [:]
        var data: [UInt8] = []
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            let end = data.count + tensor.bytes.count
            header[name] = Entry(dtype: tensor.type, shape: tensor.shape, dataOffsets: [data.count, end])
            data += tensor.bytes
        }
        let text = [UInt8](try JSONEncoder().encode(header))
        let length = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
        try Data(length + text + data).write(to: URL(filePath: path))
    }

    /// Replaces each packed matrix by one of BF16 that `make` computes from its trits and stored scale.
    mutating func unpack(_ make: ([Int], Float) throws -> [UInt16]) throws {
        for (name, tensor) in tensors where tensor.type == "U8" {
            let stored = try #require(tensors[name + "_scale"]).bytes
            tensors[name + "_scale"] = nil
            let scale = Float(bitPattern: UInt32(stored[0]) << 16 | UInt32(stored[1]) << 24)
            // A byte holds the rows r, r + R, r + 2R and r + 3R of a column.
            let trits = [0, 2, 4, 6].flatMap { shift in tensor.bytes.map { Int($0 >> shift & 3) - 1 } }
            tensors[name] = .bf16(try make(trits, scale), shape: [4 * tensor.shape[0], tensor.shape[1]])
        }
    }
}

/// Masters that quantise to these trits, and to this scale within the last bit of a float.
///
/// All lie on a grid on which BF16 holds them exactly; the zeros' magnitudes are below half the scale, the
/// others' make up for it.
func masters(_ trits: [Int], scale: Float) throws -> [UInt16] {
    let step = Float(sign: .plus, exponent: scale.exponent - 7, significand: 1)
    let total = Int((Double(scale) / Double(step) * Double(trits.count)).rounded())
    let small = Int(scale / step) * 3 / 10
    let zeros = trits.count { $0 == 0 }
    let ones = trits.count - zeros
    var left = total - zeros * small
    // Even, because numbers above 256 steps would otherwise not be exact.
    let large = left / ones / 2 * 2
    left -= ones * large
    return try trits.map { trit in
        var units = trit == 0 ? small : large
        if trit == 0, left % 2 == 1 {
            units += 1
            left -= 1
        } else if trit != 0, left >= 2 {
            units += 2
            left -= 2
        }
        let value = Float(trit < 0 ? -units : units) * step
        try #require(value.bitPattern & 0xFFFF == 0)
        return UInt16(value.bitPattern >> 16)
    }
}

/// The values themselves, in a type that holds them exactly.
func dense(_ trits: [Int], scale: Float) throws -> [UInt16] {
    try trits.map { trit in
        let value = Float(trit) * scale
        try #require(value.bitPattern & 0xFFFF == 0)
        return UInt16(value.bitPattern >> 16)
    }
}
