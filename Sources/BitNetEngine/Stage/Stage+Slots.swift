// SPDX-License-Identifier: MIT
package import BitNetCore
import CTernary

extension Stage {
    /// A new sequence takes `slot`, empty or with the first tokens of another.
    ///
    /// - Parameters:
    ///   - promptTokenCount: tokens that the sequence begins with; what comes after them counts as generated.
    ///   - prefix: the sequence's first tokens, which a slot holds; they are not computed again, and the sequence
    ///     goes on at position `prefix.tokenCount`.
    /// - Throws: ``StageError`` if the slot does not exist or is taken, the parameters are invalid, or no slot
    ///   holds such a prefix. Nothing has changed then.
    package func open(
        slot: UInt32, sampling: SamplingParameters, promptTokenCount: UInt32 = 0,
        prefix: SharedPrefix? = nil
    ) throws(StageError) {
        guard slot < UInt32(slots.count) else {
            throw StageError(
                .slotOutOfRange, "\(place): slot \(slot) opened, but there are \(slots.count) slots",
                slot: slot)
        }
        guard slots[Int(slot)].sampling == nil else {
            throw StageError(
                .slotAlreadyOpen, "\(place): slot \(slot) opened twice; close it first", slot: slot)
        }
        slots[Int(slot)].failure = nil
        try check(sampling, for: slot)
        if let prefix {
            try check(prefix, for: slot)
            if prefix.slot != slot { copy(prefix, into: slot) }
        }
        slots[Int(slot)].sampling = sampling
        slots[Int(slot)].promptTokenCount = promptTokenCount
        slots[Int(slot)].tokenCount = prefix?.tokenCount ?? 0
    }

    /// The sequence of `slot` is over; what it holds stays until the slot is opened again.
    ///
    /// Closing a slot that is not open does nothing: a close may follow a loss that has closed it already.
    package func close(slot: UInt32) {
        guard slot < UInt32(slots.count) else { return }
        slots[Int(slot)].sampling = nil
        slots[Int(slot)].failure = nil
    }

    /// Gives up the sequences that `error` concerns: until their slots are closed their entries are taken, and have no
    /// values and no results.
    ///
    /// The step or the opening that failed for their sake can then be tried again for all others.
    ///
    /// - Returns: `false` if there is none that was not given up before: the error concerns all.
    package func giveUp(_ error: StageError) -> Bool {
        let news = error.slots.filter { $0 < UInt32(slots.count) && slots[Int($0)].failure == nil }
        for slot in news { slots[Int(slot)].failure = error.failure }
        return !news.isEmpty
    }

    /// Closes every slot, for a new session; they hold nothing any more.
    package func closeAll() {
        for slot in slots.indices { slots[slot] = SlotState() }
    }

    /// Tokens whose keys and values `slot` holds; 0 for a slot that there is not.
    package func tokenCount(of slot: UInt32) -> UInt32 {
        slot < UInt32(slots.count) ? slots[Int(slot)].tokenCount : 0
    }

    private func check(_ sampling: SamplingParameters, for slot: UInt32) throws(StageError) {
        if let invalidity = sampling.invalidity {
            throw StageError(.invalidSampling, "\(place): slot \(slot): \(invalidity)", slot: slot)
        }
        if let bias = sampling.biases.first(where: { $0.token >= UInt32(model.vocabularySize) }) {
            throw StageError(
                .tokenOutOfRange,
                "\(place): slot \(slot) opened with a bias for token \(bias.token), but the vocabulary has "
                    + "\(model.vocabularySize)", slot: slot)
        }
    }

    private func check(_ prefix: SharedPrefix, for slot: UInt32) throws(StageError) {
        guard prefix.slot < UInt32(slots.count) else {
            throw StageError(
                .slotOutOfRange,
                "\(place): slot \(slot) opened with the tokens of slot \(prefix.slot), but there are "
                    + "\(slots.count) slots", slot: slot)
        }
        let source = slots[Int(prefix.slot)]
        let held = source.tokenCount
        guard prefix.tokenCount >= 1, prefix.tokenCount <= held else {
            // Whoever shares what could not be computed shares its failure.
            throw StageError(
                source.failure == .notFinite ? .notFinite : .prefixOutOfRange,
                "\(place): slot \(slot) opened with \(prefix.tokenCount) tokens of slot \(prefix.slot), which "
                    + "holds \(held); at least 1 can be taken over and at most those, else open it empty",
                slot: slot)
        }
    }

    /// Keys, values and, where they are kept, hops and tokens.
    private func copy(_ prefix: SharedPrefix, into slot: UInt32) {
        // Beyond the prefix a copy leaves anything in a slot; what the slot was kept with stays as it is.
        let isKept = share(prefix, with: slot)
        for (index, layer) in cache.layers.enumerated() where !(isKept && isKeptLayer(layers.first + index)) {
            withUnsafePointer(to: layer) {
                bn_kv_copy(pool.handle, $0, prefix.slot, slot, Int(prefix.tokenCount))
            }
        }
        history?.copy(prefix, into: slot)
        guard isLastStage else { return }
        (scratch.history + Int(slot) * cacheShape.context).update(
            from: scratch.history + Int(prefix.slot) * cacheShape.context, count: Int(prefix.tokenCount))
    }
}
