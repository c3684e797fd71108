// SPDX-License-Identifier: MIT

package import BitNetCore

/// What a step asks of every stage.
package struct StepWork: Equatable, Sendable {
    /// Tokens of sequences that decode.
    package var decodeCount: Int
    /// Tokens of prompts.
    package var chunkCount: Int
    /// Rows for which the last stage computes the head.
    package var outputCount: Int
    /// Cached tokens that all of them attend to, summed.
    package var attendedCount: Int

    package init(decodeCount: Int, chunkCount: Int, outputCount: Int, attendedCount: Int) {
        self.decodeCount = decodeCount
        self.chunkCount = chunkCount
        self.outputCount = outputCount
        self.attendedCount = attendedCount
    }

    /// A step that decodes one token of each of `count` sequences.
    ///
    /// - Parameter cachedCount: tokens that each attends to.
    package init(decoding count: Int, cachedCount: Int) {
        self.init(
            decodeCount: count, chunkCount: 0, outputCount: count, attendedCount: count * cachedCount)
    }

    /// What `step` asks: entries of a slot that follow each other are a chunk, a single one decodes.
    package init(of step: Step) {
        self.init(decodeCount: 0, chunkCount: 0, outputCount: 0, attendedCount: 0)
        var start = 0
        let entries = step.entries
        while start < entries.count {
            var end = start + 1
            while end < entries.count, entries[end].slot == entries[start].slot { end += 1 }
            if end - start == 1 { decodeCount += 1 } else { chunkCount += end - start }
            for entry in entries[start..<end] {
                attendedCount += Int(clamping: entry.position) + 1
                if entry.output != .none { outputCount += 1 }
            }
            start = end
        }
    }
}

extension WorkerProfile {
    /// What one layer takes.
    ///
    /// Tokens of both kinds go through the same products, so that a step of both is as fast as a chunk of all
    /// of them, but never faster than its decoding alone.
    package func secondsOfLayer(_ work: StepWork) -> Double {
        let decoding = layerSeconds.seconds(work.decodeCount)
        let products =
            work.chunkCount == 0
            ? decoding : max(decoding, prefillLayerSeconds.seconds(work.decodeCount + work.chunkCount))
        return products + attentionSecondsPerToken * Double(work.attendedCount)
    }

    /// What final norm, head and sampling take.
    package func secondsOfHead(_ work: StepWork) -> Double { headSeconds.seconds(work.outputCount) }

    /// What a stage takes for a step.
    package func secondsOfStage(_ work: StepWork, layerCount: Int, isLast: Bool) -> Double {
        stepSeconds + Double(layerCount) * secondsOfLayer(work) + (isLast ? secondsOfHead(work) : 0)
    }
}
