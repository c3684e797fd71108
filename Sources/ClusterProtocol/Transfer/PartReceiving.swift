// SPDX-License-Identifier: MIT

/// Takes the chunks of one part in order, from where the partial file on disk ends.
package struct PartReceiving: Equatable, Sendable {
    package let byteCount: UInt64
    /// Bytes from the start of the file that are there; the next chunk begins here.
    package private(set) var expectedOffset: UInt64
    /// Nothing more is taken: the part has ended, or its sender was refused.
    package private(set) var isOver = false

    /// - Parameters:
    ///   - byteCount: size of the whole part.
    ///   - presentByteCount: bytes that need not be sent again, at most `byteCount`.
    package init(byteCount: UInt64, presentByteCount: UInt64) {
        precondition(presentByteCount <= byteCount, "\(presentByteCount) bytes present of \(byteCount)")
        self.byteCount = byteCount
        expectedOffset = presentByteCount
    }

    /// A chunk of `count` bytes that belongs at `offset` has come.
    package mutating func chunk(offset: UInt64, byteCount count: Int) -> Directive {
        guard !isOver else { return refuse("a chunk came after the end of the part") }
        guard offset == expectedOffset else {
            return refuse("a chunk at byte \(offset) came, but the next one must begin at \(expectedOffset)")
        }
        guard count > 0 else { return refuse("an empty chunk came") }
        guard UInt64(count) <= byteCount - offset else {
            return refuse(
                "a chunk of \(count) bytes at \(offset) reaches beyond the part's \(byteCount) bytes")
        }
        expectedOffset += UInt64(count)
        return .write(offset: offset, count: count)
    }

    /// The sender says that the part is whole.
    package mutating func end() -> Directive {
        guard !isOver else { return refuse("a part ended twice") }
        guard expectedOffset == byteCount else {
            return refuse("a part ended after \(expectedOffset) of \(byteCount) bytes")
        }
        isOver = true
        return .verify
    }

    private mutating func refuse(_ reason: String) -> Directive {
        isOver = true
        return .refuse(reason)
    }
}
