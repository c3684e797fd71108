// SPDX-License-Identifier: MIT
import BitNetCore

/// What a stage knows of tokens that it, or one before it on this machine, has computed already.
extension Stage {
    /// Entries that follow one another in a step, and what is computed for them.
    struct Run {
        var rows: Range<Int>
        let layers: Range<Int>
    }

    /// Slots forget what they were kept with from where a step's tokens are others.
    func align(_ entries: [StepEntry]) {
        guard settings.keepsStates else { return }
        for entry in entries {
            let slot = Int(entry.slot)
            let isHeld = slots[slot].failure == nil && slots[slot].holds(entry)
            if !isHeld { slots[slot].forget(from: Int(entry.position)) }
        }
    }

    /// A slot begins with the first tokens of another.
    ///
    /// - Returns: whether it was kept with them.
    func share(_ prefix: SharedPrefix, with slot: UInt32) -> Bool {
        let tokens = slots[Int(prefix.slot)].tokens.prefix(Int(prefix.tokenCount))
        let isKept =
            slots[Int(slot)].keptCount >= tokens.count && slots[Int(slot)].tokens.starts(with: tokens)
        if !isKept {
            slots[Int(slot)].tokens = Array(tokens)
            slots[Int(slot)].keptCount = 0
        }
        return isKept
    }

    func isKeptLayer(_ layer: Int) -> Bool { recall?.keptLayers.contains(layer) ?? false }

    /// Divides a step by what has to be computed.
    func runs(of entries: [StepEntry]) -> [Run] {
        let all = layers.first..<layers.end
        guard let recall else { return [Run(rows: entries.indices, layers: all)] }
        var runs: [Run] = []
        for (index, entry) in entries.enumerated() {
            let isKept = Int(entry.position) < slots[Int(entry.slot)].keptCount
            let wantsOutput = isLastStage && entry.output != .none
            let layers = isKept ? wantsOutput ? recall.choosing : recall.handingOn : all
            if let last = runs.indices.last, runs[last].layers == layers {
                runs[last].rows = runs[last].rows.lowerBound..<(index + 1)
            } else {
                runs.append(Run(rows: index..<(index + 1), layers: layers))
            }
        }
        return runs
    }

    /// The step is done: its tokens are part of their slots.
    func commit(_ entries: [StepEntry]) {
        for (slot, next) in nextPositions { slots[Int(slot)].tokenCount = next }
        guard settings.keepsStates else { return }
        for entry in entries where slots[Int(entry.slot)].failure == nil {
            if Int(entry.position) == slots[Int(entry.slot)].tokens.count {
                slots[Int(entry.slot)].tokens.append(entry.token)
            }
        }
    }

    /// What a later stage need not compute again.
    ///
    /// The stage computes no more from here on.
    ///
    /// - Returns: `nil` if there is nothing, or nothing is to be kept.
    package func leave() -> KeptStates? {
        guard settings.keepsStates else { return nil }
        // What it was given itself may be there in some layers only.
        let isWhole = recall?.handingOn.isEmpty ?? true
        let tokens = slots.map { slot in
            isWhole ? slot.tokens : Array(slot.tokens.prefix(Int(slot.tokenCount)))
        }
        guard tokens.contains(where: { !$0.isEmpty }) else { return nil }
        return KeptStates(
            model: model, shape: cacheShape, keysAndValues: cache.memories,
            hops: history.map { [layers.end: $0] } ?? [:], tokens: tokens)
    }
}

extension Stage.SlotState {
    func holds(_ entry: StepEntry) -> Bool {
        Int(entry.position) < tokens.count && tokens[Int(entry.position)] == entry.token
    }

    mutating func forget(from position: Int) {
        tokens.removeSubrange(min(position, tokens.count)...)
        keptCount = min(keptCount, position)
    }
}
