// SPDX-License-Identifier: MIT

import BitNetFormats
import BitNetTokenizer
import Testing

/// Seen through the cutting of text, for which alone the classes are made.
@Suite struct CharacterClassTests {
    private static func pieceCount(_ value: UInt32, behind text: String) throws -> Int {
        let scalar = try #require(Unicode.Scalar(value))
        return PreTokenizer.gpt2.pieces(of: text + String(scalar)).count
    }

    @Test(
        arguments: [
            0x41, 0xAA, 0x2B0, 0x5D0, 0x905, 0x10D50, 0x105C0, 0x16105, 0x18CFF, 0x1E5D0, 0x2EBF0, 0x323AF,
        ] as [UInt32])
    func `letters up to Unicode 16 are letters`(_ value: UInt32) throws {
        #expect(try Self.pieceCount(value, behind: "a") == 1)
    }

    /// The first of each range of letters and digits that Unicode 17 brought.
    @Test(
        arguments: [
            0x88F, 0xC5C, 0xCDC, 0xA7CE, 0xA7D2, 0xA7D4, 0xA7F1, 0x10940, 0x10EC5, 0x11DB0, 0x11DE0, 0x16EA0,
            0x16FF2,
            0x16FF4, 0x187F8, 0x18D09, 0x18D80, 0x1E6C0, 0x2B73A, 0x2CEA2, 0x323B0,
        ] as [UInt32])
    func `what was assigned later is unassigned`(_ value: UInt32) throws {
        #expect(try Self.pieceCount(value, behind: "a") == 2)
        #expect(try Self.pieceCount(value, behind: "1") == 2)
        #expect(try Self.pieceCount(value, behind: "!") == 1)
    }

    @Test(
        arguments: [
            0x09, 0x0B, 0x0C, 0x85, 0xA0, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
        ] as [UInt32])
    func `white space is what the expressions take for it`(_ value: UInt32) throws {
        #expect(try Self.pieceCount(value, behind: " ") == 1)
    }

    @Test(arguments: [0x1C, 0x1F, 0x180E, 0x200B, 0x200D, 0x2060, 0xFEFF] as [UInt32])
    func `separators and joiners without a width are no white space`(_ value: UInt32) throws {
        #expect(try Self.pieceCount(value, behind: "!") == 1)
    }
}
