// SPDX-License-Identifier: MIT
package import BitNetCore
import CTernary

extension Stage {
    /// The natural logarithms of the model's probabilities of all tokens, for tests and for tools.
    ///
    /// Runs the step as `forward` does, sampling nothing. Last stage only; elsewhere it returns nothing.
    ///
    /// - Returns: `[vocabulary]` values for each entry whose output is not `.none`, in the step's order.
    package func logProbabilities(
        _ step: Step, hop: UnsafeRawBufferPointer?
    ) throws(StageError) -> [[Float]] {
        guard isLastStage else { return [] }
        try check(step.entries)
        try checkBuffers(tokens: step.entries.count, hop: hop, output: nil)
        align(step.entries)
        try runLayers(layers.first..<layers.end, step.entries, hop: hop)
        var vectors: [[Float]] = []
        let wanted = step.entries.indices.filter { step.entries[$0].output != .none }
        for rows in chunks(of: wanted) {
            computeLogits(rows)
            for (row, index) in rows.enumerated() {
                let logits = logits(row: row)
                let total = bn_log_sum_exp(
                    kernels.table, pool.handle, logits.baseAddress, logits.count)
                guard total.isFinite else { throw notFinite("the probability of every token", [index]) }
                vectors.append(logits.map { Float(Double($0) - total) })
            }
        }
        commit(step.entries)
        return vectors
    }

    /// A result for each entry that wants one, in the step's order.
    func chooseTokens(_ entries: [StepEntry]) throws(StageError) -> [StepResult] {
        let outputs = entries.indices.filter { entries[$0].output != .none }
        let empty = Set(emptyRows)
        let wanted = outputs.filter { !empty.contains($0) }
        var choices: [Int: Choice] = [:]
        let counts = wanted.map { candidateCount(entries[$0]) }
        let fast = zip(wanted, counts).filter { $0.1 != nil }.map(\.0)
        for rows in chunks(of: fast) {
            let isComplete = !findLargestLogits(rows, counts: rows.map { candidateCount(entries[$0]) ?? 1 })
            if isComplete { computeLogits(rows) }
            try choose(entries, rows, fromAll: isComplete, into: &choices)
        }
        let exact = zip(wanted, counts).filter { $0.1 == nil }.map(\.0)
        for rows in chunks(of: exact) {
            computeLogits(rows)
            try choose(entries, rows, fromAll: true, into: &choices)
        }
        return outputs.map { index in
            let choice = choices[index]
            return StepResult(
                slot: entries[index].slot, position: entries[index].position, token: choice?.token ?? 0,
                logProbability: choice?.logProbability, alternatives: choice?.alternatives ?? [],
                failure: slots[Int(entries[index].slot)].failure)
        }
    }

    // MARK: Choosing

    private struct Choice {
        var token: UInt32
        var logProbability: Float?
        var alternatives: [TokenScore] = []
    }

    /// Chooses for the entries `rows`, whose logits are computed.
    ///
    /// - Parameter fromAll: whether every logit is there, or the largest only.
    private func choose(
        _ entries: [StepEntry], _ rows: ArraySlice<Int>, fromAll: Bool, into choices: inout [Int: Choice]
    ) throws(StageError) {
        var made = [Choice?](repeating: nil, count: rows.count)
        made.withUnsafeMutableBufferPointer { made in
            // Safety: every call of the closure writes one element, its own.
            nonisolated(unsafe) let made = made
            // Regions do not nest: either the rows run at once, or the parts of a single row.
            let isAlone = rows.count == 1
            let choose = { @Sendable (row: Int) in
                let entry = entries[rows[rows.startIndex + row]]
                made[row] =
                    fromAll
                    ? self.choose(entry, row: row, pool: isAlone ? self.pool.handle : nil)
                    : Choice(token: self.sample(entry, row: row))
            }
            if isAlone { choose(0) } else { pool.forEach(rows.count, choose) }
        }
        for (index, choice) in zip(rows, made) { choices[index] = choice }
        let missing = zip(rows, made).filter { $0.1 == nil }.map(\.0)
        guard missing.isEmpty else { throw notFinite("the probability of every token", missing) }
        profile?.end(.sampling)
    }

    /// The token that `entry` asks for, and its log-probability and its alternatives if those are wanted; `nil`
    /// if the logits are not finite.
    ///
    /// - Parameter pool: whose threads share the work, or `nil` inside a region of theirs.
    private func choose(_ entry: StepEntry, row: Int, pool: OpaquePointer?) -> Choice? {
        let logits = logits(row: row)
        let total = bn_log_sum_exp(kernels.table, pool, logits.baseAddress, logits.count)
        guard total.isFinite else { return nil }
        var choice: Choice
        let isWanted: Bool
        switch entry.output {
        case .none: return nil
        case .score(let target):
            choice = Choice(token: target)
            isWanted = true
        case .sample:
            choice = Choice(token: sample(entry, row: row))
            isWanted = sampling(entry).wantsLogProbabilities
        }
        let logProbability = Float(Double(logits[Int(choice.token)]) - total)
        guard logProbability.isFinite else { return nil }
        choice.logProbability = isWanted ? logProbability : nil
        // Of the logits as the model gave them: whatever the sampler changes it has put back.
        let largest = LargestLogits.select(
            Int(sampling(entry).alternativeCount), of: UnsafeBufferPointer(logits))
        choice.alternatives = largest.map {
            TokenScore(token: $0.token, logProbability: Float(Double($0.logit) - total))
        }
        return choice
    }

    private func sample(_ entry: StepEntry, row: Int) -> UInt32 {
        let history = UnsafeBufferPointer(
            start: scratch.history + Int(entry.slot) * cacheShape.context, count: Int(entry.position) + 1)
        return Sampler.choose(
            logits: logits(row: row), parameters: sampling(entry), history: history,
            promptTokenCount: slots[Int(entry.slot)].promptTokenCount, position: entry.position)
    }

    private func sampling(_ entry: StepEntry) -> SamplingParameters {
        slots[Int(entry.slot)].sampling ?? SamplingParameters()
    }

    // MARK: Logits

    /// How many of the largest logits `entry` needs; `nil` if it needs all, or this stage has no fast head.
    private func candidateCount(_ entry: StepEntry) -> UInt32? {
        guard weights.fastHead != nil, entry.output == .sample, let count = sampling(entry).candidateCount,
            count <= FastHead.countMax
        else { return nil }
        return count
    }

    /// As many rows at a time as there is room for.
    private func chunks(of rows: [Int]) -> [ArraySlice<Int>] {
        stride(from: 0, to: rows.count, by: scratch.logitRows).map { start in
            rows[start..<min(start + scratch.logitRows, rows.count)]
        }
    }

    /// Computes all logits of the entries with the indices `rows`; row i of the logits belongs to the i-th.
    private func computeLogits(_ rows: ArraySlice<Int>) {
        guard let head = weights.head else { return }
        normaliseResiduals(rows)
        switch head {
        case .floats(let table):
            bn_head(
                kernels.table, pool.handle, scratch.logits, scratch.normalised, table.memory.start,
                table.type,
                rows.count, model.vocabularySize, model.hiddenSize)
        case .ternary(let matrix):
            multiply(matrix, rows.count)
        }
        profile?.end(.head)
    }

    /// Computes as many of the largest logits as `counts` says; the others become −∞.
    ///
    /// - Returns: `false` if it cannot be told which they are, as numbers are too large or not finite.
    private func findLargestLogits(_ rows: ArraySlice<Int>, counts: [UInt32]) -> Bool {
        guard let head = weights.fastHead else { return false }
        normaliseResiduals(rows)
        let status = bn_fast_head_select(
            head.handle, pool.handle, scratch.logits, scratch.normalised, counts, rows.count, scratch.fastHead
        )
        profile?.end(.fastHead)
        return status == BN_OK
    }

    private func normaliseResiduals(_ rows: ArraySlice<Int>) {
        guard let norm = weights.outputNorm else { return }
        for (row, index) in rows.enumerated() {
            (scratch.normalised + row * model.hiddenSize).update(
                from: scratch.residual + index * model.hiddenSize, count: model.hiddenSize)
        }
        normalise(scratch.normalised, scratch.normalised, norm, rows.count, model.hiddenSize)
        if model.logitScale != 1 {
            bn_scale(pool.handle, scratch.normalised, rows.count * model.hiddenSize, 1 / model.logitScale)
        }
    }

    /// Logits of the first rows of what is normalised; where that is not finite they are not either.
    private func multiply(_ head: TernaryMatrix, _ count: Int) {
        guard quantise(scratch.normalised, count, model.hiddenSize) == BN_OK else {
            scratch.logits.update(repeating: .nan, count: count * model.vocabularySize)
            return
        }
        multiply([product(head, scratch.logits, model.vocabularySize)])
    }

    private func logits(row: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(
            start: scratch.logits + row * model.vocabularySize, count: model.vocabularySize)
    }
}
