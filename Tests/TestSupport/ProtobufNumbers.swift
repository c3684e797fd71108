// SPDX-License-Identifier: MIT

/// The numbers in a protobuf message, so that others can be put in their place.
package struct ProtobufNumbers: Sendable {
    private indirect enum Field {
        case varint(key: UInt64, UInt64)
        case fixed(key: UInt64, [UInt8])
        case bytes(key: UInt64, [UInt8])
        case message(key: UInt64, [Field])
    }

    private let fields: [Field]

    /// - Parameter payload: what is no protobuf has no numbers.
    package init(_ payload: [UInt8]) {
        fields = Self.parse(payload[...]) ?? []
    }

    /// Where counts and sizes end or change their sign, and what `Double` cannot tell apart.
    private static let integers: [UInt64] = [
        0, 1, 1 << 31 - 1, 1 << 31, 1 << 31 + 1, 1 << 32 - 1, 1 << 32, 1 << 53 + 1, 1 << 60 + 1, 1 << 63 - 1,
        1 << 63, .max - 1, .max,
    ]
    private static let reals: [Double] = [
        0, -0.0, 1, -1, .leastNonzeroMagnitude, 1e15, 1e19, -1e19, .greatestFiniteMagnitude,
        -.greatestFiniteMagnitude, .infinity, -.infinity, .nan,
    ]

    /// The message with one number at one extreme, for each of both.
    package var extremes: [[UInt8]] {
        (0..<Self.count(fields)).flatMap { place in
            Self.integers.indices.map { extreme in
                var index = 0
                return Self.encode(fields) {
                    defer { index += 1 }
                    return index == place ? extreme : nil
                }
            }
        }
    }

    /// The message with every other number at some extreme.
    package func scrambled(_ generator: inout SeededGenerator) -> [UInt8] {
        Self.encode(fields) {
            generator.once(in: 2) ? generator.roll(0...Self.integers.count - 1) : nil
        }
    }

    // MARK: Bytes

    private static func parse(_ bytes: ArraySlice<UInt8>) -> [Field]? {
        var rest = bytes
        var fields: [Field] = []
        while !rest.isEmpty {
            guard let key = varint(&rest), key >> 3 > 0 else { return nil }
            switch key & 7 {
            case 0:
                guard let value = varint(&rest) else { return nil }
                fields.append(.varint(key: key, value))
            case 1, 5:
                let count = key & 7 == 1 ? 8 : 4
                guard rest.count >= count else { return nil }
                fields.append(.fixed(key: key, Array(rest.prefix(count))))
                rest = rest.dropFirst(count)
            case 2:
                guard let count = varint(&rest).flatMap({ Int(exactly: $0) }), count <= rest.count else {
                    return nil
                }
                let content = rest.prefix(count)
                rest = rest.dropFirst(count)
                let inner = content.isEmpty ? nil : parse(content)
                fields.append(inner.map { .message(key: key, $0) } ?? .bytes(key: key, Array(content)))
            default: return nil
            }
        }
        return fields
    }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    private static func count(_ fields: [Field]) -> Int {
        fields.reduce(0) { sum, field in
            switch field {
            case .varint, .fixed: sum + 1
            case .bytes: sum
            case .message(_, let inner): sum + count(inner)
            }
        }
    }

    /// - Parameter extreme: asked for each number: which extreme takes its place.
    private static func encode(_ fields: [Field], _ extreme: () -> Int?) -> [UInt8] {
        fields.flatMap { field -> [UInt8] in
            switch field {
            case .varint(let key, let value): varint(key) + varint(extreme().map { integers[$0] } ?? value)
            case .fixed(let key, let bytes): varint(key) + (extreme().map { fixed($0, bytes.count) } ?? bytes)
            case .bytes(let key, let bytes): varint(key) + varint(UInt64(bytes.count)) + bytes
            case .message(let key, let inner):
                { varint(key) + varint(UInt64($0.count)) + $0 }(encode(inner, extreme))
            }
        }
    }

    private static func fixed(_ extreme: Int, _ byteCount: Int) -> [UInt8] {
        byteCount == 8
            ? withUnsafeBytes(of: reals[extreme].bitPattern.littleEndian) { Array($0) }
            : withUnsafeBytes(of: Float(reals[extreme]).bitPattern.littleEndian) { Array($0) }
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(truncatingIfNeeded: value) | 0x80] + varint(value >> 7)
    }
}
