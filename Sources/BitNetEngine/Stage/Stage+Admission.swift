// SPDX-License-Identifier: MIT
import BitNetCore

extension Stage {
    /// Checks a step that came from the network; changes nothing but `nextPositions`.
    ///
    /// - Throws: ``StageError`` naming the entry's slot and what is wrong with it.
    func check(_ entries: [StepEntry]) throws(StageError) {
        guard !entries.isEmpty else { throw StageError(.emptyStep, "\(place): a step without tokens") }
        guard entries.count <= tokensPerStepMax else {
            throw StageError(
                .tooManyEntries,
                "\(place): a step of \(entries.count) tokens, this stage was set up for \(tokensPerStepMax)")
        }
        nextPositions.removeAll(keepingCapacity: true)
        for entry in entries where try !isGivenUp(entry) {
            try checkPosition(entry)
            try checkToken(entry.token, of: entry)
            if case .score(let target) = entry.output { try checkToken(target, of: entry) }
        }
    }

    /// Whether nothing is to be computed for `entry`, wherever it stands.
    private func isGivenUp(_ entry: StepEntry) throws(StageError) -> Bool {
        guard entry.slot < UInt32(slots.count) else {
            throw StageError(
                .slotOutOfRange, "\(place): slot \(entry.slot) used, but there are \(slots.count) slots",
                slot: entry.slot)
        }
        return slots[Int(entry.slot)].failure != nil
    }

    /// The first entry of a slot may stand anywhere up to the end of what the slot holds (earlier means a
    /// replay, which forgets what came after); the others follow one by one.
    private func checkPosition(_ entry: StepEntry) throws(StageError) {
        let slot = slots[Int(entry.slot)]
        guard slot.sampling != nil else {
            throw StageError(
                .slotNotOpen, "\(place): slot \(entry.slot) used before it was opened", slot: entry.slot)
        }
        guard entry.position < UInt32(cacheShape.context) else {
            throw StageError(
                .positionOutOfRange,
                "\(place): slot \(entry.slot), position \(entry.position), but the context ends at "
                    + "\(cacheShape.context)", slot: entry.slot)
        }
        if let next = nextPositions[entry.slot] {
            guard entry.position == next else {
                throw StageError(
                    .positionGap,
                    "\(place): slot \(entry.slot), position \(entry.position) follows \(next - 1) in one step",
                    slot: entry.slot
                )
            }
        } else {
            guard entry.position <= slot.tokenCount else {
                throw StageError(
                    .positionGap,
                    "\(place): slot \(entry.slot), position \(entry.position), but the slot holds "
                        + "\(slot.tokenCount) tokens; replay the sequence from there", slot: entry.slot)
            }
        }
        nextPositions[entry.slot] = entry.position + 1
    }

    private func checkToken(_ token: UInt32, of entry: StepEntry) throws(StageError) {
        guard token < UInt32(model.vocabularySize) else {
            throw StageError(
                .tokenOutOfRange,
                "\(place): slot \(entry.slot), position \(entry.position): token \(token), but the "
                    + "vocabulary has \(model.vocabularySize)", slot: entry.slot)
        }
    }

    /// Checks the sizes of what comes in and of the room for what goes out.
    func checkBuffers(
        tokens: Int, hop: UnsafeRawBufferPointer?, output: UnsafeMutableRawBufferPointer?
    ) throws(StageError) {
        let expected = isFirstStage ? 0 : hopByteCount(tokens: tokens)
        guard (hop?.count ?? 0) == expected else {
            throw StageError(
                .hopSize,
                "\(place): a hop of \(hop?.count ?? 0) bytes for \(tokens) tokens, expected \(expected)")
        }
        guard isLastStage || (output?.count ?? 0) >= hopByteCount(tokens: tokens) else {
            throw StageError(
                .hopSize,
                "\(place): room for \(output?.count ?? 0) bytes of output, \(tokens) tokens take "
                    + "\(hopByteCount(tokens: tokens))")
        }
    }

    /// Lays the entries out for the kernels and takes each slot back to where its entries begin, so that a
    /// step that fails half-way leaves no slot with rows of two sequences.
    func begin(_ entries: [StepEntry]) {
        emptyRows.removeAll(keepingCapacity: true)
        for (index, entry) in entries.enumerated() {
            let slot = Int(entry.slot)
            scratch.tokens[index] = entry.token
            scratch.slots[index] = entry.slot
            scratch.positions[index] = entry.position
            slots[slot].tokenCount = min(slots[slot].tokenCount, entry.position)
            if slots[slot].failure != nil {
                emptyRows.append(index)
                // They may be why it was given up.
                scratch.tokens[index] = 0
                scratch.positions[index] = min(entry.position, UInt32(cacheShape.context) - 1)
            } else if isLastStage {
                scratch.history[slot * cacheShape.context + Int(entry.position)] = entry.token
            }
        }
    }

    /// Rows of `x` `[tokens, columns]` for which nothing is computed become zeros, which every kernel takes.
    func clearEmptyRows(of x: UnsafeMutablePointer<Float>, columns: Int) {
        for row in emptyRows { (x + row * columns).update(repeating: 0, count: columns) }
    }
}
