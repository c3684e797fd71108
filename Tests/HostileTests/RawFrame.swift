// SPDX-License-Identifier: MIT
import ClusterWire
import NIOCore
import TestSupport

/// A frame that need not be right.
struct RawFrame: Sendable {
    var type: FrameType
    var stream: UInt64
    var payload: [UInt8]

    init(type: FrameType, stream: UInt64 = 0, payload: [UInt8]) {
        self.type = type
        self.stream = stream
        self.payload = payload
    }

    init(_ frame: Frame) {
        self.init(type: frame.type, stream: frame.stream, payload: Array(frame.payload.readableBytesView))
    }

    var bytes: [UInt8] {
        var bytes = ByteBuffer()
        bytes.writeMultipleIntegers(
            FrameHeader.magic, FrameHeader.version, type.rawValue, UInt8(0), stream, UInt32(payload.count),
            UInt32(0), endianness: .little)
        bytes.writeBytes(payload)
        return Array(bytes.readableBytesView)
    }

    /// Gives some fields values that they should not have, or hardly have.
    mutating func draw(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        if let fields = Self.fields(of: type, seed: seed) {
            payload += fields
        } else if !MessageField.fields(of: type).isEmpty {
            var mutator = Mutator(seed: seed)
            payload = mutator.mutate(payload)
        } else {
            for _ in 0..<random.roll(1...3) { drawWord(&random) }
        }
        payload = Array(payload.prefix(type.payloadBytesMax))
    }

    /// What takes the place of fields of a control message, behind it.
    ///
    /// - Returns: `nil` if the frame is none, or has its bytes changed instead: what is written in one field, such as
    ///   a manifest, has fields of its own.
    static func fields(of type: FrameType, seed: UInt64) -> [UInt8]? {
        let fields = MessageField.fields(of: type)
        guard !fields.isEmpty, seed % 6 != 0 else { return nil }
        var random = SeededGenerator(seed: seed)
        return (0..<random.roll(1...3)).flatMap { _ in
            fields[random.roll(0...fields.count - 1)].drawn(by: &random)
        }
    }

    /// Of a frame whose fields have their places: most are words of four bytes, and the counts come first.
    private mutating func drawWord(_ random: inout SeededGenerator) {
        let wordCount = payload.count / 4
        switch random.roll(0...9) {
        case 0: payload = Array(payload.prefix(random.roll(0...payload.count)))
        case 1: payload += Extremes.bytes(&random)
        default:
            guard wordCount > 0 else { break }
            let place = 4 * random.roll(0...(random.once(in: 2) ? min(3, wordCount - 1) : wordCount - 1))
            let value = UInt32(
                truncatingIfNeeded: random.once(in: 4)
                    ? UInt64(Extremes.bits32(&random)) : Extremes.integer(&random))
            payload.replaceSubrange(
                place..<place + 4, with: withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) })
        }
    }
}
