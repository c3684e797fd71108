// SPDX-License-Identifier: MIT

/// Token texts by id and ids by text.
///
/// Compared as bytes, never as `String`, whose equality would take two different tokens for one. One block
/// of bytes and one table of ids: a vocabulary of 128 256 entries makes no small objects.
package struct Vocabulary: Sendable {
    /// What a token is; raw values as in GGUF.
    package enum Kind: UInt8, Sendable {
        case normal = 1
        case unknown = 2
        /// Has a meaning, no text; never read from ordinary text.
        case control = 3
        /// Ordinary text that is one token wherever it occurs.
        case userDefined = 4
        case unused = 5
        case byte = 6
    }

    private var texts: [UInt8] = []
    private var ends: [Int] = []
    private(set) var kinds: [Kind] = []
    /// A hash table by open addressing: upper half of the hash, and id plus one; 0 is empty.
    ///
    /// A power of two, at most half full.
    private var slots: [UInt64] = []
    private let hash = SeededHash()

    var count: Int { kinds.count }

    init(capacity: Int) {
        var slotCount = 16
        while slotCount < capacity * 2 { slotCount *= 2 }
        slots = [UInt64](repeating: 0, count: slotCount)
    }

    /// Adds the next token; `find` shall know it if `isFindable`, of equal texts the first.
    ///
    /// - Returns: whether an equal findable text was there before.
    @discardableResult
    mutating func append(_ text: some Sequence<UInt8>, _ kind: Kind, isFindable: Bool) -> Bool {
        let start = texts.count
        texts.append(contentsOf: text)
        ends.append(texts.count)
        kinds.append(kind)
        guard isFindable, start < texts.count, count * 2 <= slots.count else { return false }
        let (slot, found, tag) = texts.withUnsafeBytes { texts in
            let text = UnsafeRawBufferPointer(rebasing: texts[start...])
            let hash = hash(text)
            let (slot, found) = locate(text, hash)
            return (slot, found, hash & Self.tagMask)
        }
        if found == nil { slots[slot] = tag | UInt64(count) }
        return found != nil
    }

    func bytes(of token: UInt32) -> ArraySlice<UInt8> {
        let index = Int(token)
        guard index < count else { return [] }
        return texts[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    func kind(of token: UInt32) -> Kind? {
        kinds.indices.contains(Int(token)) ? kinds[Int(token)] : nil
    }

    func find(_ text: some ContiguousBytes) -> UInt32? {
        text.withBytes { find($0, hash: hash($0)) }
    }

    /// The hash under which a text is looked for.
    func hash(of text: UnsafeRawBufferPointer) -> UInt64 { hash(text) }

    func find(_ text: UnsafeRawBufferPointer, hash: UInt64) -> UInt32? {
        locate(text, hash).found
    }

    private static let tagMask: UInt64 = 0xFFFF_FFFF_0000_0000

    /// Where `text` stands or would stand.
    private func locate(_ text: UnsafeRawBufferPointer, _ hash: UInt64) -> (slot: Int, found: UInt32?) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            if (slots[slot] ^ hash) & Self.tagMask == 0 {
                let token = UInt32(truncatingIfNeeded: slots[slot]) - 1
                if isText(text, of: Int(token)) { return (slot, token) }
            }
            slot = (slot + 1) & mask
        }
        return (slot, nil)
    }

    private func isText(_ text: UnsafeRawBufferPointer, of index: Int) -> Bool {
        let start = index == 0 ? 0 : ends[index - 1]
        guard ends[index] - start == text.count else { return false }
        return texts.withUnsafeBytes { texts in
            for offset in 0..<text.count where texts[start + offset] != text[offset] { return false }
            return true
        }
    }
}

/// Bytes in one block.
protocol ContiguousBytes {
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result
}

extension [UInt8]: ContiguousBytes {
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { withUnsafeBytes(body) }
}

extension ArraySlice<UInt8>: ContiguousBytes {
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { withUnsafeBytes(body) }
}
