// SPDX-License-Identifier: MIT

/// Where a stage's working values lie in one block of memory, bytes from its start.
///
/// Computed from numbers alone, so that a plan can account for the memory before there is any.
package struct ScratchLayout {
    package private(set) var residual = 0
    package private(set) var normalised = 0
    package private(set) var query = 0
    package private(set) var key = 0
    package private(set) var value = 0
    package private(set) var attended = 0
    package private(set) var gate = 0
    package private(set) var up = 0
    package private(set) var attention = 0
    package private(set) var logits = 0
    package private(set) var fastHead = 0
    package private(set) var ropeCosines = 0
    package private(set) var ropeSines = 0
    package private(set) var tokens = 0
    package private(set) var slots = 0
    package private(set) var positions = 0
    /// Tokens of every slot by position, for the penalties; the last stage only.
    package private(set) var history = 0
    package private(set) var byteCount = 0

    /// Rows of logits computed at a time; bounds their memory for large vocabularies.
    package let logitRows: Int
    /// Floats that attention has for itself.
    package let attentionFloatCount: Int
    /// Bytes that the fast head has for itself.
    package let fastHeadByteCount: Int

    /// Memory for logits unless a single row takes more, bytes.
    private static let logitsByteCountMax = 32 << 20

    package init(model: ModelDescription, isLast: Bool, settings: StageSettings, threadCount: Int) {
        let (tokensMax, cache) = (settings.stepTokensMax, settings.cache)
        let rowByteCount = model.vocabularySize * MemoryLayout<Float>.size
        logitRows = isLast ? max(1, min(tokensMax, Self.logitsByteCountMax / rowByteCount)) : 0
        attentionFloatCount = Self.attentionFloatCount(model: model, threadCount: threadCount)
        fastHeadByteCount =
            isLast
            ? settings.headType.scratchByteCount(
                rows: model.vocabularySize, columns: model.hiddenSize, tokens: logitRows) : 0

        residual = reserve(tokensMax, model.hiddenSize)
        normalised = reserve(tokensMax, model.hiddenSize)
        // Attention and feed-forward never run at once: they share memory.
        let shared = byteCount
        query = reserve(tokensMax, model.querySize)
        key = reserve(tokensMax, model.keyValueSize)
        value = reserve(tokensMax, model.keyValueSize)
        attended = reserve(tokensMax, model.querySize)
        let attentionEnd = byteCount
        byteCount = shared
        gate = reserve(tokensMax, model.feedForwardSize)
        up = reserve(tokensMax, model.feedForwardSize)
        byteCount = max(byteCount, attentionEnd)
        attention = reserve(1, attentionFloatCount)
        logits = reserve(logitRows, model.vocabularySize)
        fastHead = reserve(fastHeadByteCount.roundedUp(to: 4) / 4, 1)
        ropeCosines = reserve(cache.context, model.headSize / 2)
        ropeSines = reserve(cache.context, model.headSize / 2)
        tokens = reserve(tokensMax, 1)
        slots = reserve(tokensMax, 1)
        positions = reserve(tokensMax, 1)
        history = reserve(isLast ? cache.slots : 0, cache.context)
    }

    /// For each thread sixteen results of spans that wait for their merge, and a query, of every query head that
    /// shares a key head: a result is a head's weighted sum of values in whole vectors of sixteen, another vector
    /// for the largest score and the sum of weights, and two numbers beside it.
    private static func attentionFloatCount(model: ModelDescription, threadCount: Int) -> Int {
        let result = model.headSize.roundedUp(to: 16) + 16 + 2
        return threadCount * (model.headCount / model.keyValueHeadCount) * (16 * result + model.headSize + 1)
    }

    /// Room for `rows` × `columns` four-byte values on a 64-byte boundary.
    private mutating func reserve(_ rows: Int, _ columns: Int) -> Int {
        defer { byteCount = (byteCount + rows * columns * 4).roundedUp(to: 64) }
        return byteCount
    }
}

extension Int {
    /// The least multiple of `unit` that is not below this non-negative number.
    package func roundedUp(to unit: Int) -> Int { (self + unit - 1) / unit * unit }
}
