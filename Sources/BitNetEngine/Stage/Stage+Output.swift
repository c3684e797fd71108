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
        try runLayers(step.entries, hop: hop)
        var vectors: [[Float]] = []
        try forEachLogitRows(step.entries) { (wanted) throws(StageError) in
            for row in wanted.indices {
                let logits = logits(row: row - wanted.startIndex)
                let total = bn_log_sum_exp(
                    kernels.table, pool.handle, logits.baseAddress, logits.count)
                guard total.isFinite else { throw logitsNotFinite(step.entries[wanted[row]]) }
                vectors.append(logits.map { Float(Double($0) - total) })
            }
        }
        commit()
        return vectors
    }

    /// A result for each entry that wants one, in the step's order.
    func chooseTokens(_ entries: [StepEntry]) throws(StageError) -> [StepResult] {
        var results: [StepResult] = []
        try forEachLogitRows(entries) { (wanted) throws(StageError) in
            let first = results.count
            results += wanted.map { index in
                StepResult(
                    slot: entries[index].slot, position: entries[index].position, token: 0,
                    logProbability: .nan)
            }
            results.withUnsafeMutableBufferPointer { results in
                // Safety: every call of the closure writes one element, its own.
                nonisolated(unsafe) let results = results
                // Regions do not nest: either the rows run at once, or the parts of a single row.
                let isAlone = wanted.count == 1
                let choose = { @Sendable (row: Int) in
                    let entry = entries[wanted[wanted.startIndex + row]]
                    let (token, logProbability) = self.choose(
                        entry, row: row, pool: isAlone ? self.pool.handle : nil)
                    results[first + row].token = token
                    results[first + row].logProbability = logProbability
                }
                if isAlone { choose(0) } else { pool.forEach(wanted.count, choose) }
            }
            for (row, index) in wanted.enumerated()
            where !results[first + row].logProbability.isFinite {
                throw logitsNotFinite(entries[index])
            }
        }
        return results
    }

    /// The token that `entry` asks for and its log-probability, which is not finite if the logits are not.
    ///
    /// - Parameter pool: whose threads share the work, or `nil` inside a region of theirs.
    private func choose(
        _ entry: StepEntry, row: Int, pool: OpaquePointer?
    ) -> (token: UInt32, logProbability: Float) {
        let logits = logits(row: row)
        let total = bn_log_sum_exp(kernels.table, pool, logits.baseAddress, logits.count)
        guard total.isFinite else { return (0, .nan) }
        let token: UInt32
        switch entry.output {
        case .none: return (0, .nan)
        case .score(let target): token = target
        case .sample:
            let history = UnsafeBufferPointer(
                start: scratch.history + Int(entry.slot) * cacheShape.context,
                count: Int(entry.position) + 1)
            token = Sampler.choose(
                logits: logits, parameters: slots[Int(entry.slot)]?.sampling ?? SamplingParameters(),
                history: history, position: entry.position)
        }
        return (token, Float(Double(logits[Int(token)]) - total))
    }

    /// Computes the logits of the entries that want output, as many rows at a time as there is room for,
    /// and hands their indices to `body`; row i of the logits belongs to the i-th of them.
    private func forEachLogitRows(
        _ entries: [StepEntry], _ body: (ArraySlice<Int>) throws(StageError) -> Void
    ) throws(StageError) {
        guard let norm = weights.outputNorm, let head = weights.head else { return }
        let wanted = entries.indices.filter { entries[$0].output != .none }
        for start in stride(from: 0, to: wanted.count, by: scratch.logitRows) {
            let chunk = wanted[start..<min(start + scratch.logitRows, wanted.count)]
            for (row, index) in chunk.enumerated() {
                (scratch.normalised + row * model.hiddenSize).update(
                    from: scratch.residual + index * model.hiddenSize, count: model.hiddenSize)
            }
            normalise(scratch.normalised, scratch.normalised, norm, chunk.count, model.hiddenSize)
            bn_head(
                kernels.table, pool.handle, scratch.logits, scratch.normalised, head.memory.start, head.type,
                chunk.count, model.vocabularySize, model.hiddenSize)
            try body(chunk)
        }
    }

    private func logits(row: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(
            start: scratch.logits + row * model.vocabularySize, count: model.vocabularySize)
    }

    private func logitsNotFinite(_ entry: StepEntry) -> StageError {
        StageError(
            .notFinite,
            "\(place): the logits of slot \(entry.slot), position \(entry.position) are not finite; the "
                + "model file is damaged")
    }
}
