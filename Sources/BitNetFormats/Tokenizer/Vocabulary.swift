// SPDX-License-Identifier: MIT

/// Token texts by id and ids by text.
///
/// Compared as bytes, never as `String`, whose equality would take two different tokens for one. One block
/// of bytes and one table of ids: a vocabulary of 128 256 entries makes no small objects.
struct Vocabulary: Sendable {
    /// What a token is; raw values as in GGUF.
    enum Kind: UInt8, Sendable {
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
    /// A hash table by open addressing: ids plus one, 0 is empty; a power of two, at most half full.
    private var slots: [UInt32] = []

    var count: Int { kinds.count }

    init(capacity: Int) {
        var slotCount = 16
        while slotCount < capacity * 2 { slotCount *= 2 }
        slots = [UInt32](repeating: 0, count: slotCount)
    }

    /// Adds the next token; `find` shall know it if `isFindable`, of equal texts the first.
    mutating func append(_ text: some Sequence<UInt8>, _ kind: Kind, isFindable: Bool) {
        let start = texts.count
        texts.append(contentsOf: text)
        ends.append(texts.count)
        kinds.append(kind)
        guard isFindable, start < texts.count, count * 2 <= slots.count else { return }
        let (slot, found) = locate(texts[start...])
        if found == nil { slots[slot] = UInt32(count) }
    }

    func bytes(of token: UInt32) -> ArraySlice<UInt8> {
        let index = Int(token)
        guard index < count else { return [] }
        return texts[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    func kind(of token: UInt32) -> Kind? {
        kinds.indices.contains(Int(token)) ? kinds[Int(token)] : nil
    }

    func find(_ text: ArraySlice<UInt8>) -> UInt32? {
        locate(text).found
    }

    /// Where `text` stands or would stand.
    ///
    /// The hash is seeded by the process, so that a file cannot choose its collisions.
    private func locate(_ text: ArraySlice<UInt8>) -> (slot: Int, found: UInt32?) {
        var hasher = Hasher()
        text.withUnsafeBytes { hasher.combine(bytes: $0) }
        let mask = slots.count - 1
        var slot = hasher.finalize() & mask
        while slots[slot] != 0 {
            let token = slots[slot] - 1
            if bytes(of: token) == text { return (slot, token) }
            slot = (slot + 1) & mask
        }
        return (slot, nil)
    }
}
