// SPDX-License-Identifier: MIT
package import BitNetCore
import CTernary

extension Stage {
    /// What this stage has allocated.
    package var memory: StageMemory {
        StageMemory(
            weights: weights.byteCount, cache: UInt64(cache.byteCount + (history?.byteCount ?? 0)),
            scratch: UInt64(scratch.byteCount + activations.byteCount))
    }

    /// - Precondition: `layout` has as much room as the kernels want.
    static func check(_ layout: ScratchLayout, of model: ModelDescription, threadCount: Int) {
        let attention = bn_attention_scratch_count(
            threadCount, model.headCount, model.keyValueHeadCount, model.headSize)
        let fastHead =
            layout.fastHeadByteCount == 0
            ? 0
            : bn_fast_head_scratch_byte_count(model.vocabularySize, model.hiddenSize, layout.logitRows)
        precondition(
            layout.attentionFloatCount >= attention && layout.fastHeadByteCount >= fastHead,
            "attention wants \(attention) floats and the fast head \(fastHead) bytes, accounted are "
                + "\(layout.attentionFloatCount) and \(layout.fastHeadByteCount)")
    }
}

extension Kernels {
    /// What the account of a stage's memory asks of a machine that runs these.
    package func machine(threadCount: Int) -> StageMachine {
        StageMachine(isa: name, threadCount: threadCount, dotTokensMin: dotTokensMin)
    }
}
