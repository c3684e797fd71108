// SPDX-License-Identifier: MIT

/// A token and its logit; ordered from likely to unlikely, the lower id first among equals.
struct Candidate: Equatable {
    var token: UInt32
    var logit: Float

    func comes(before other: Candidate) -> Bool {
        logit != other.logit ? logit > other.logit : token < other.token
    }
}

/// Selects the most likely tokens without sorting the vocabulary.
enum LargestLogits {
    /// The `count` largest of `logits`, in order.
    ///
    /// A heap of `count` candidates with the least likely on top: most tokens cost one comparison with it.
    static func select(_ count: Int, of logits: UnsafeBufferPointer<Float>) -> [Candidate] {
        let count = min(count, logits.count)
        guard count > 0 else { return [] }
        var heap = (0..<count).map { Candidate(token: UInt32($0), logit: logits[$0]) }
        for root in stride(from: count / 2 - 1, through: 0, by: -1) { siftDown(&heap, from: root) }
        for index in count..<logits.count where logits[index] > heap[0].logit {
            heap[0] = Candidate(token: UInt32(index), logit: logits[index])
            siftDown(&heap, from: 0)
        }
        return heap.sorted { $0.comes(before: $1) }
    }

    /// Restores "a parent comes after its children" below `start`.
    private static func siftDown(_ heap: inout [Candidate], from start: Int) {
        var parent = start
        while true {
            var last = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[last].comes(before: heap[child]) {
                last = child
            }
            guard last != parent else { return }
            heap.swapAt(parent, last)
            parent = last
        }
    }
}
