// SPDX-License-Identifier: MIT
package import BitNetCore
import CTernary

extension Stage {
    /// Runs one step through the stage's layers.
    ///
    /// - Parameters:
    ///   - hop: the previous stage's activations, exactly `hopByteCount(tokens:)` bytes; `nil` for the
    ///     first stage.
    ///   - output: at least as many bytes, which receive the hop to the next stage; ignored by the last.
    /// - Returns: on the last stage one result for each entry that wants one, in the step's order;
    ///   otherwise nothing.
    /// - Throws: ``StageError``; the stage stays usable.
    package func forward(
        _ step: Step, hop: UnsafeRawBufferPointer?, output: UnsafeMutableRawBufferPointer?
    ) throws(StageError) -> [StepResult] {
        try check(step.entries)
        try checkBuffers(tokens: step.entries.count, hop: hop, output: output)
        profile?.begin()
        align(step.entries)
        var results: [StepResult] = []
        for run in runs(of: step.entries) {
            let entries = Array(step.entries[run.rows])
            let bytes = hopByteCount(tokens: run.rows.lowerBound)..<hopByteCount(tokens: run.rows.upperBound)
            try runLayers(run.layers, entries, hop: hop.map { UnsafeRawBufferPointer(rebasing: $0[bytes]) })
            if isLastStage {
                results += try chooseTokens(entries)
            } else if let output = output.map({ UnsafeMutableRawBufferPointer(rebasing: $0[bytes]) }) {
                try handOn(entries, after: run.layers, into: output)
            }
        }
        commit(step.entries)
        return results
    }

    /// Everything from the input of the first of `range` to the residual stream after the last of them.
    ///
    /// The caller has checked `entries` and `hop`.
    func runLayers(
        _ range: Range<Int>, _ entries: [StepEntry], hop: UnsafeRawBufferPointer?
    ) throws(StageError) {
        let tokens = entries.count
        begin(entries)
        guard !range.isEmpty else { return }
        if let hops = earlierHops[range.lowerBound], range.lowerBound > layers.first {
            for (index, entry) in entries.enumerated() {
                try decode(
                    UnsafeRawBufferPointer(start: hops.row(of: entry), count: hopByteCount(tokens: 1)),
                    tokens: 1, row: index)
            }
            profile?.end(.hop)
        } else if let table = weights.embedding, isFirstStage {
            embed(from: table, tokens: tokens)
            profile?.end(.embedding)
        } else {
            try decode(hop, tokens: tokens)
            profile?.end(.hop)
        }
        clearEmptyRows(of: scratch.residual, columns: model.hiddenSize)
        for layer in range {
            let index = layer - layers.first
            try attend(layerWeights[index], cache.layers[index], layer: layer, tokens: tokens)
            try feedForward(layerWeights[index], layer: layer, tokens: tokens)
            try round(after: layer, tokens: tokens)
        }
    }

    private func embed(from table: VocabularyTable, tokens: Int) {
        switch table {
        case .floats(let table):
            bn_embed(
                kernels.table, pool.handle, scratch.residual, table.memory.start, table.type, scratch.tokens,
                tokens, model.hiddenSize)
        case .ternary(let matrix):
            bn_matrix_read_rows(matrix.handle, pool.handle, scratch.residual, scratch.tokens, tokens)
        }
        if model.embeddingScale != 1 {
            bn_scale(pool.handle, scratch.residual, tokens * model.hiddenSize, model.embeddingScale)
        }
    }

    /// Where a segment ends inside this stage the residual stream becomes what a hop would have made of it.
    private func round(after layer: Int, tokens: Int) throws(StageError) {
        guard layer + 1 < layers.end, settings.isCut(before: layer + 1) else { return }
        clearEmptyRows(of: scratch.residual, columns: model.hiddenSize)
        let status = bn_hop_round(kernels.table, pool.handle, scratch.residual, tokens, model.hiddenSize)
        guard status == BN_OK else { throw outputNotFinite(layer: layer, tokens: tokens) }
        profile?.end(.hop)
    }

    /// - Parameter row: the first of the residual stream's that are written.
    private func decode(
        _ hop: UnsafeRawBufferPointer?, tokens: Int, row: Int = 0
    ) throws(StageError) {
        let bytes = hop?.assumingMemoryBound(to: UInt8.self).baseAddress
        let status = bn_hop_decode(
            kernels.table, pool.handle, scratch.residual + row * model.hiddenSize, bytes, tokens,
            model.hiddenSize)
        guard status != BN_OK, let hop else { return }
        let failures = (0..<tokens).compactMap { token in
            self.failure(ofToken: token, in: hop).map { (slot: scratch.slots[row + token], failure: $0) }
        }
        let isRefused = failures.contains { slots[Int($0.slot)].failure == nil && $0.failure == .refused }
        let code: StageError.Code = isRefused ? .givenUp : .notFinite
        let concerned = failures.filter { $0.failure == (isRefused ? .refused : .notFinite) }
            .map(\.slot).filter { slots[Int($0)].failure == nil }
        guard !concerned.isEmpty else { return }
        throw StageError(
            code,
            "\(place): the received hop holds a scale that is not a finite number, or outliers that make no sense",
            slots: concerned)
    }

    /// Why a token of a hop has no values: an earlier stage has given up its sequence, or the bytes are damaged.
    private func failure(ofToken token: Int, in hop: UnsafeRawBufferPointer) -> SequenceFailure? {
        let start = token * HopLayout.byteCountPerToken(hidden: model.hiddenSize)
        let bytes = hop.assumingMemoryBound(to: UInt8.self).baseAddress.map { $0 + start }
        let values = scratch.residual + token * model.hiddenSize
        guard bn_hop_decode(kernels.table, nil, values, bytes, 1, model.hiddenSize) != BN_OK else {
            return nil
        }
        let scales = (0..<HopLayout.blockCount(hidden: model.hiddenSize)).lazy.map {
            UInt16(littleEndian: hop.loadUnaligned(fromByteOffset: start + 2 * $0, as: UInt16.self))
        }
        return scales.compactMap(HopLayout.failure).first ?? .notFinite
    }

    /// Gives the next stage what came out of `range`, or what is kept of it.
    private func handOn(
        _ entries: [StepEntry], after range: Range<Int>, into output: UnsafeMutableRawBufferPointer
    ) throws(StageError) {
        defer { profile?.end(.hop) }
        guard !range.isEmpty, range.upperBound == layers.end else {
            if let start = output.baseAddress { history?.recall(entries, into: start) }
            return
        }
        try encode(tokens: entries.count, into: output)
        // What was given up may stand anywhere, and is known to nobody.
        let isOpen = { [slots] (entry: StepEntry) in slots[Int(entry.slot)].failure == nil }
        if let start = output.baseAddress { history?.record(entries, where: isOpen, from: start) }
    }

    private func encode(tokens: Int, into output: UnsafeMutableRawBufferPointer) throws(StageError) {
        let bytes = output.assumingMemoryBound(to: UInt8.self).baseAddress
        clearEmptyRows(of: scratch.residual, columns: model.hiddenSize)
        let status = bn_hop_encode(
            kernels.table, pool.handle, bytes, scratch.residual, tokens, model.hiddenSize)
        guard status == BN_OK else { throw outputNotFinite(layer: layers.end - 1, tokens: tokens) }
        for row in emptyRows {
            guard let failure = slots[Int(scratch.slots[row])].failure else { continue }
            output.storeBytes(
                of: HopLayout.mark(failure).littleEndian,
                toByteOffset: row * HopLayout.byteCountPerToken(hidden: model.hiddenSize), as: UInt16.self)
        }
    }

    // MARK: One layer

    /// x += Wo · quant8(norm(attention(rope(Wq·a), rope(Wk·a), Wv·a))), a = quant8(norm(x)); with norms of heads
    /// before rope.
    private func attend(
        _ weights: LayerWeights, _ cache: bn_kv, layer: Int, tokens: Int
    ) throws(StageError) {
        normalise(scratch.normalised, scratch.residual, weights.attentionNorm, tokens, model.hiddenSize)
        try quantise(scratch.normalised, tokens, model.hiddenSize, "the attention input of layer \(layer)")
        multiply([
            product(weights.query, scratch.query, model.querySize),
            product(weights.key, scratch.key, model.keyValueSize),
            product(weights.value, scratch.value, model.keyValueSize),
        ])
        profile?.end(.attentionInput)
        normaliseHeads(scratch.query, weights.queryNorm, heads: model.headCount, tokens: tokens)
        normaliseHeads(scratch.key, weights.keyNorm, heads: model.keyValueHeadCount, tokens: tokens)
        rotate(scratch.query, heads: model.headCount, tokens: tokens)
        rotate(scratch.key, heads: model.keyValueHeadCount, tokens: tokens)
        profile?.end(.rotary)
        withUnsafePointer(to: cache) { cache in
            bn_kv_store(
                kernels.table, pool.handle, cache, scratch.key, scratch.value, tokens, scratch.slots,
                scratch.positions)
            profile?.end(.cacheStore)
            bn_attention(
                kernels.table, pool.handle, cache, scratch.attended, scratch.query, tokens, model.headCount,
                scratch.slots, scratch.positions, scratch.attention)
        }
        profile?.end(.attention)
        if let norm = weights.attentionSubNorm {
            normalise(scratch.attended, scratch.attended, norm, tokens, model.querySize)
        }
        try quantise(scratch.attended, tokens, model.querySize, "the attention output of layer \(layer)")
        addToResidual(weights.attentionOutput, tokens: tokens)
        profile?.end(.attentionOutput)
    }

    /// x += Wdown · quant8(norm(act(Wgate·b) · (Wup·b))), b = quant8(norm(x)).
    private func feedForward(_ weights: LayerWeights, layer: Int, tokens: Int) throws(StageError) {
        normalise(scratch.normalised, scratch.residual, weights.feedForwardNorm, tokens, model.hiddenSize)
        try quantise(scratch.normalised, tokens, model.hiddenSize, "the feed-forward input of layer \(layer)")
        multiply([
            product(weights.gate, scratch.gate, model.feedForwardSize),
            product(weights.up, scratch.up, model.feedForwardSize),
        ])
        profile?.end(.gateUp)
        bn_gate(
            kernels.table, pool.handle, scratch.gate, scratch.up, tokens * model.feedForwardSize,
            model.activation == .squaredReLU)
        profile?.end(.gate)
        if let norm = weights.feedForwardSubNorm {
            normalise(scratch.gate, scratch.gate, norm, tokens, model.feedForwardSize)
        }
        try quantise(scratch.gate, tokens, model.feedForwardSize, "the gated values of layer \(layer)")
        addToResidual(weights.down, tokens: tokens)
        profile?.end(.down)
    }

    // MARK: Kernels

    func normalise(
        _ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ weight: FloatTable, _ tokens: Int,
        _ columns: Int
    ) {
        bn_rms_norm(
            kernels.table, pool.handle, out, x, weight.floats, tokens, columns, model.normEpsilon)
        profile?.end(.norms)
    }

    private func quantise(
        _ x: UnsafeMutablePointer<Float>, _ tokens: Int, _ columns: Int, _ what: @autoclosure () -> String
    ) throws(StageError) {
        clearEmptyRows(of: x, columns: columns)
        guard quantise(x, tokens, columns) == BN_OK else { throw notFinite(what(), x, tokens, columns) }
        profile?.end(.quantise)
    }

    /// By the model's rule; exact activations are what comes next as they are.
    func quantise(_ x: UnsafePointer<Float>, _ tokens: Int, _ columns: Int) -> bn_status {
        exactInput = model.activationsAreExact ? (x, tokens) : nil
        return model.activationGroup == 0
            ? bn_quantise(activations.handle, pool.handle, x, tokens, columns)
            : bn_quantise_groups(activations.handle, pool.handle, x, tokens, columns)
    }

    private func normaliseHeads(
        _ x: UnsafeMutablePointer<Float>, _ norm: FloatTable?, heads: Int, tokens: Int
    ) {
        guard let norm else { return }
        normalise(x, x, norm, tokens * heads, model.headSize)
    }

    /// The product of what was quantised last, times the model's residual scale, is added to the residual stream.
    private func addToResidual(_ matrix: TernaryMatrix, tokens: Int) {
        guard model.residualScale != 1 else {
            return multiply([product(matrix, scratch.residual, model.hiddenSize, accumulate: true)])
        }
        // It was the input, which is quantised already.
        multiply([product(matrix, scratch.normalised, model.hiddenSize)])
        bn_add_scaled(
            pool.handle, scratch.residual, scratch.normalised, tokens * model.hiddenSize, model.residualScale)
    }

    func product(
        _ matrix: TernaryMatrix, _ out: UnsafeMutablePointer<Float>, _ rows: Int, accumulate: Bool = false
    ) -> bn_product {
        bn_product(matrix: matrix.handle, out: out, out_stride: rows, accumulate: accumulate)
    }

    func multiply(_ products: [bn_product]) {
        if let exactInput {
            return products.forEach { product in
                withUnsafePointer(to: product) {
                    bn_multiply_floats(pool.handle, $0, exactInput.values, exactInput.tokens)
                }
            }
        }
        bn_multiply(pool.handle, activations.handle, products, products.count)
    }

    private func rotate(_ x: UnsafeMutablePointer<Float>, heads: Int, tokens: Int) {
        bn_rope(
            kernels.table, pool.handle, x, heads * model.headSize, tokens, heads, model.headSize,
            scratch.positions, scratch.ropeCosines, scratch.ropeSines, model.rotaryPairing == .adjacent)
    }

    /// The error for `x` `[tokens, columns]`, naming the tokens whose values are not finite.
    private func notFinite(
        _ what: String, _ x: UnsafePointer<Float>, _ tokens: Int, _ columns: Int
    ) -> StageError {
        notFinite(
            what,
            (0..<tokens).filter { token in
                (0..<columns).contains { !x[token * columns + $0].isFinite }
            })
    }

    /// The error for a residual stream that is not finite, or too large for a hop.
    private func outputNotFinite(layer: Int, tokens: Int) -> StageError {
        notFinite(
            "the output of layer \(layer)",
            (0..<tokens).filter { token in
                let row = scratch.residual + token * model.hiddenSize
                return bn_hop_round(kernels.table, pool.handle, row, 1, model.hiddenSize) != BN_OK
            })
    }

    /// The error for rows of the step at hand, naming the first.
    func notFinite(_ what: String, _ rows: [Int]) -> StageError {
        let whose = rows.first.map { "slot \(scratch.slots[$0]), position \(scratch.positions[$0])" }
        return StageError(
            .notFinite,
            "\(place): \(what) is not finite (\(whose ?? "token unknown")); the model file is damaged or "
                + "its description (activation, scale) is wrong",
            slots: rows.map { scratch.slots[$0] })
    }
}
