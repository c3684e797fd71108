// SPDX-License-Identifier: MIT
import BitNetCore

/// A stage's working memory, allocated once for its largest step.
struct StageScratch {
    private let memory: PageMemory
    let logitRows: Int
    var byteCount: Int { memory.byteCount }

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
