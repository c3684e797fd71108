// SPDX-License-Identifier: MIT
import BitNetCore
import CTernary

/// Where a stage's working values lie in one block of memory, bytes from its start.
///
/// Computed from numbers alone, so that a plan can account for the memory before there is any.
struct ScratchLayout {
    private(set) var residual = 0
    private(set) var normalised = 0
    private(set) var query = 0
    private(set) var key = 0
    private(set) var value = 0
    private(set) var attended = 0
    private(set) var gate = 0
    private(set) var up = 0
    private(set) var attention = 0
    private(set) var logits = 0
    private(set) var fastHead = 0
    private(set) var ropeCosines = 0
    private(set) var ropeSines = 0
    private(set) var tokens = 0
    private(set) var slots = 0
    private(set) var positions = 0
    /// Tokens of every slot by position, for the penalties; the last stage only.
    private(set) var history = 0
    private(set) var byteCount = 0

    /// Rows of logits computed at a time; bounds their memory for large vocabularies.
    let logitRows: Int

    /// Memory for logits unless a single row takes more, bytes.
    private static let logitsByteCountMax = 32 << 20

    init(
        model: ModelDescription, layers: LayerRange, cache: CacheShape, tokensPerStepMax: Int,
        threadCount: Int, headType: HeadType = .exact
    ) {
        let isLast = layers.end == model.layerCount
        let rowByteCount = model.vocabularySize * MemoryLayout<Float>.size
        logitRows = isLast ? max(1, min(tokensPerStepMax, Self.logitsByteCountMax / rowByteCount)) : 0

        residual = reserve(tokensPerStepMax, model.hiddenSize)
        normalised = reserve(tokensPerStepMax, model.hiddenSize)
        // Attention and feed-forward never run at once: they share memory.
        let shared = byteCount
        query = reserve(tokensPerStepMax, model.querySize)
        key = reserve(tokensPerStepMax, model.keyValueSize)
        value = reserve(tokensPerStepMax, model.keyValueSize)
        attended = reserve(tokensPerStepMax, model.querySize)
        let attentionEnd = byteCount
        byteCount = shared
        gate = reserve(tokensPerStepMax, model.feedForwardSize)
        up = reserve(tokensPerStepMax, model.feedForwardSize)
        byteCount = max(byteCount, attentionEnd)
        attention = reserve(
            1,
            bn_attention_scratch_count(
                threadCount, model.headCount, model.keyValueHeadCount, model.headSize))
        logits = reserve(logitRows, model.vocabularySize)
        let fastHeadByteCount =
            isLast
            ? headType.scratchByteCount(
                rows: model.vocabularySize, columns: model.hiddenSize, tokens: logitRows) : 0
        fastHead = reserve(fastHeadByteCount.roundedUp(to: 4) / 4, 1)
        ropeCosines = reserve(cache.context, model.headSize / 2)
        ropeSines = reserve(cache.context, model.headSize / 2)
        tokens = reserve(tokensPerStepMax, 1)
        slots = reserve(tokensPerStepMax, 1)
        positions = reserve(tokensPerStepMax, 1)
        history = reserve(isLast ? cache.slots : 0, cache.context)
    }

    /// Room for `rows` × `columns` four-byte values on a 64-byte boundary.
    private mutating func reserve(_ rows: Int, _ columns: Int) -> Int {
        defer { byteCount = (byteCount + rows * columns * 4).roundedUp(to: 64) }
        return byteCount
    }
}

/// A stage's working memory, allocated once for its largest step.
struct StageScratch {
    private let memory: PageMemory
    let logitRows: Int

    /// `[tokens, hidden]`: the residual stream.
    let residual: UnsafeMutablePointer<Float>
    /// `[tokens, hidden]`: what goes into the next product.
    let normalised: UnsafeMutablePointer<Float>
    /// `[tokens, headCount, headSize]`: queries.
    let query: UnsafeMutablePointer<Float>
    /// `[tokens, keyValueHeadCount, headSize]`: keys of this step.
    let key: UnsafeMutablePointer<Float>
    /// `[tokens, keyValueHeadCount, headSize]`: values of this step.
    let value: UnsafeMutablePointer<Float>
    /// `[tokens, headCount, headSize]`: what attention returns.
    let attended: UnsafeMutablePointer<Float>
    /// `[tokens, feedForward]`: gate, then its product with up.
    let gate: UnsafeMutablePointer<Float>
    /// `[tokens, feedForward]`: the second half of the gated network.
    let up: UnsafeMutablePointer<Float>
    /// What attention keeps of spans until they are merged.
    let attention: UnsafeMutablePointer<Float>
    /// `[logitRows, vocabulary]`: one row for each entry with output.
    let logits: UnsafeMutablePointer<Float>
    /// What the fast head needs for as many rows.
    let fastHead: UnsafeMutableRawPointer
    /// `[context, headSize/2]`: of every position and pair.
    let ropeCosines: UnsafeMutablePointer<Float>
    /// `[context, headSize/2]`: of every position and pair.
    let ropeSines: UnsafeMutablePointer<Float>
    let tokens: UnsafeMutablePointer<UInt32>
    let slots: UnsafeMutablePointer<UInt32>
    let positions: UnsafeMutablePointer<UInt32>
    /// `[slots, context]`, last stage only.
    let history: UnsafeMutablePointer<UInt32>

    /// - Throws: ``EngineError`` with code `outOfMemory`.
    init(_ layout: ScratchLayout) throws(EngineError) {
        let memory = try PageMemory(byteCount: layout.byteCount, for: "the working memory of a step")
        func floats(_ offset: Int) -> UnsafeMutablePointer<Float> {
            memory.pointer(at: offset, as: Float.self)
        }
        func integers(_ offset: Int) -> UnsafeMutablePointer<UInt32> {
            memory.pointer(at: offset, as: UInt32.self)
        }
        self.memory = memory
        logitRows = layout.logitRows
        residual = floats(layout.residual)
        normalised = floats(layout.normalised)
        query = floats(layout.query)
        key = floats(layout.key)
        value = floats(layout.value)
        attended = floats(layout.attended)
        gate = floats(layout.gate)
        up = floats(layout.up)
        attention = floats(layout.attention)
        logits = floats(layout.logits)
        fastHead = UnsafeMutableRawPointer(floats(layout.fastHead))
        ropeCosines = floats(layout.ropeCosines)
        ropeSines = floats(layout.ropeSines)
        tokens = integers(layout.tokens)
        slots = integers(layout.slots)
        positions = integers(layout.positions)
        history = integers(layout.history)
    }
}
