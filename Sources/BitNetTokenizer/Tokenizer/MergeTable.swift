// SPDX-License-Identifier: MIT

/// What two neighbouring tokens become, by open addressing.
struct MergeTable: Sendable {
    struct Merge: Sendable {
        /// Merges of lower rank come first.
        var rank: UInt32
        var token: UInt32
    }

    private struct Slot {
        var left = UInt32.max
        var right = UInt32.max
        var merge = Merge(rank: .max, token: .max)
    }

    /// A power of two, at most two thirds full.
    private var slots: [Slot]
    private var count = 0
    private let hash = SeededHash()

    init(capacity: Int = 0) {
        var slotCount = 16
        while slotCount * 2 < capacity * 3 { slotCount *= 2 }
        slots = [Slot](repeating: Slot(), count: slotCount)
    }

    /// Adds a merge; of several for one pair the first counts, or the last if it `replaces`.
    mutating func insert(_ left: UInt32, _ right: UInt32, _ merge: Merge, replaces: Bool = false) {
        if (count + 1) * 3 > slots.count * 2 { grow() }
        let slot = locate(left, right)
        let isNew = slots[slot].left == .max
        guard isNew || replaces else { return }
        slots[slot] = Slot(left: left, right: right, merge: merge)
        if isNew { count += 1 }
    }

    /// Tokens at and above `UInt32.max - 1` have no merges.
    func find(_ left: UInt32, _ right: UInt32) -> Merge? {
        let slot = slots[locate(left, right)]
        return slot.left == .max ? nil : slot.merge
    }

    private func locate(_ left: UInt32, _ right: UInt32) -> Int {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash(left, right)) & mask
        while slots[index].left != .max, slots[index].left != left || slots[index].right != right {
            index = (index + 1) & mask
        }
        return index
    }

    private mutating func grow() {
        var larger = MergeTable(capacity: slots.count)
        for slot in slots where slot.left != .max { larger.insert(slot.left, slot.right, slot.merge) }
        self = larger
    }
}
