// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterProtocol
import Testing

@Suite struct PartReceivingTests {
    @Test func `chunks in order are written and the end is verified`() {
        var part = PartReceiving(byteCount: 10, presentByteCount: 0)
        #expect(part.chunk(offset: 0, byteCount: 6) == .write(offset: 0, count: 6))
        #expect(part.chunk(offset: 6, byteCount: 4) == .write(offset: 6, count: 4))
        #expect(part.end() == .verify)
    }

    @Test func `a part goes on where the partial file ends`() {
        var part = PartReceiving(byteCount: 10, presentByteCount: 7)
        #expect(part.expectedOffset == 7)
        #expect(part.chunk(offset: 7, byteCount: 3) == .write(offset: 7, count: 3))
        #expect(part.end() == .verify)
    }

    @Test func `an empty part ends at once`() {
        var part = PartReceiving(byteCount: 0, presentByteCount: 0)
        #expect(part.end() == .verify)
    }

    @Test(
        arguments: [
            (5, 1, "a chunk at byte 5 came, but the next one must begin at 4"),
            (3, 1, "a chunk at byte 3 came, but the next one must begin at 4"),
            (UInt64.max, 1, "a chunk at byte 18446744073709551615 came, but the next one must begin at 4"),
            (4, 7, "a chunk of 7 bytes at 4 reaches beyond the part's 10 bytes"),
            (4, Int.max, "a chunk of 9223372036854775807 bytes at 4 reaches beyond the part's 10 bytes"),
            (4, 0, "an empty chunk came"),
            (4, -1, "an empty chunk came"),
        ] as [(UInt64, Int, String)])
    func `a chunk that does not belong there is refused, and so is all that follows`(
        offset: UInt64, count: Int, reason: String
    ) {
        var part = PartReceiving(byteCount: 10, presentByteCount: 4)
        #expect(part.chunk(offset: offset, byteCount: count) == .refuse(reason))
        #expect(part.isOver)
        #expect(part.chunk(offset: 4, byteCount: 6) == .refuse("a chunk came after the end of the part"))
    }

    @Test func `a chunk that fills the part to its last byte is written`() {
        var part = PartReceiving(byteCount: 10, presentByteCount: 4)
        #expect(part.chunk(offset: 4, byteCount: 6) == .write(offset: 4, count: 6))
        #expect(
            part.chunk(offset: 10, byteCount: 1)
                == .refuse("a chunk of 1 bytes at 10 reaches beyond the part's 10 bytes"))
    }

    @Test func `an end before the last byte, or a second end, is refused`() {
        var early = PartReceiving(byteCount: 10, presentByteCount: 9)
        #expect(early.end() == .refuse("a part ended after 9 of 10 bytes"))
        var twice = PartReceiving(byteCount: 10, presentByteCount: 10)
        #expect(twice.end() == .verify)
        #expect(twice.end() == .refuse("a part ended twice"))
    }
}
