// SPDX-License-Identifier: MIT
import CFormats
import Glibc
import Testing

/// An instruction set, by name for the list of arguments.
enum Variant: String, CaseIterable, CustomTestStringConvertible {
    case baseline, avx2, avx512

    private var isa: bn_formats_isa {
        switch self {
        case .baseline: BN_FORMATS_BASELINE
        case .avx2: BN_FORMATS_AVX2
        case .avx512: BN_FORMATS_AVX512
        }
    }

    var functions: bn_formats? { bn_formats_for(isa)?.pointee }
    var testDescription: String { rawValue }

    static var available: [Variant] { allCases.filter { $0.functions != nil } }
}

/// Bytes whose end is the end of what may be read: the next byte faults.
final class Fenced {
    private let mapping: UnsafeMutableRawPointer
    private let mappedByteCount: Int
    private let capacity: Int

    init(capacity: Int) throws {
        let page = 4096
        self.capacity = (capacity + page - 1) / page * page
        mappedByteCount = self.capacity + page
        let mapped = mmap(
            nil, mappedByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        mapping = try #require(mapped == MAP_FAILED ? nil : mapped)
        try #require(mprotect(mapping + self.capacity, page, PROT_NONE) == 0)
    }

    deinit { munmap(mapping, mappedByteCount) }

    /// `bytes`, right before the fence: at an address that is as odd as their count.
    func holding(_ bytes: [UInt8]) -> UnsafePointer<UInt8> {
        let start = mapping + (capacity - bytes.count)
        bytes.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            start.copyMemory(from: base, byteCount: source.count)
        }
        return UnsafePointer(start.assumingMemoryBound(to: UInt8.self))
    }
}

/// Calls `body` with room for `count` bytes and returns what it has written there.
///
/// Fails if a byte around the room has changed.
func written<Answer>(
    _ count: Int, offset: Int = 5, _ body: (UnsafeMutablePointer<UInt8>) throws -> Answer
) throws -> (bytes: [UInt8], answer: Answer) {
    let guardByte: UInt8 = 0xA5
    let behind = 70
    var room = [UInt8](repeating: guardByte, count: offset + count + behind)
    let answer = try room.withUnsafeMutableBufferPointer { buffer in
        try body(#require(buffer.baseAddress) + offset)
    }
    let guards = room[..<offset] + room[(offset + count)...]
    #expect(guards.allSatisfy { $0 == guardByte }, "bytes around the output have changed")
    return (Array(room[offset..<offset + count]), answer)
}

/// The same numbers in every run.
struct Lottery: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state ^ state >> 29) &* 0x9E37_79B9_7F4A_7C15
    }

    mutating func codes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...2, using: &self) }
    }
}

/// The bytes of a string of hexadecimal digits.
func bytes(hex: String) -> [UInt8] {
    let digits = hex.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
