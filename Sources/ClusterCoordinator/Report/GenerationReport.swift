// SPDX-License-Identifier: MIT
package import BitNetCore

/// The closing lines of a generation: what it took, and what each stage did.
package enum GenerationReport {
    package static func lines(_ figures: GenerationStatistics, reason: FinishReason) -> [String] {
        let decoded = max(figures.generatedTokenCount - 1, 0)
        let decodeSeconds = figures.decodeTime.seconds
        let rate = decodeSeconds > 0 ? Double(decoded) / decodeSeconds : 0
        let computedCount = figures.promptTokenCount - figures.sharedTokenCount
        let promptRate = Double(computedCount) / max(figures.timeToFirstToken.seconds, 1e-9)
        let first = "time to first token \((figures.timeToFirstToken.seconds * 1e3).text(places: 1)) ms"
        var lines = [
            "\(first) (\(figures.promptTokenCount) prompt tokens\(sharedText(figures)), \(promptRate.text(places: 0)) tokens/s), "
                + "\(figures.generatedTokenCount) tokens at \(rate.text(places: 1)) tokens/s\(draftText(figures)), ended by \(reason)"
        ]
        let rows = figures.stages.enumerated().map { index, stage in
            [
                "stage \(index)", stage.name, "layers \(stage.layers)", computeText(stage), busyText(stage),
                hopText(stage),
            ]
        }
        lines += Table(rows: rows).lines.map { "  " + $0 }
        return lines
    }

    private static func sharedText(_ figures: GenerationStatistics) -> String {
        figures.sharedTokenCount > 0 ? ", \(figures.sharedTokenCount) of them computed before" : ""
    }

    private static func draftText(_ figures: GenerationStatistics) -> String {
        let drafted = figures.acceptedDraftCount + figures.rejectedDraftCount
        return drafted > 0 ? ", \(figures.acceptedDraftCount) of \(drafted) drafted tokens accepted" : ""
    }

    private static func computeText(_ stage: StageStatistics) -> String {
        let milliseconds = Double(stage.counters.computeMicros) / 1e3
        let perStep = milliseconds / Double(max(stage.counters.stepCount, 1))
        return "compute \(milliseconds.text(places: 1)) ms in \(stage.counters.stepCount) steps "
            + "(\(perStep.text(places: 2)) ms each)"
    }

    private static func busyText(_ stage: StageStatistics) -> String {
        "busy \(percent(stage.counters.computeTime, of: stage.wallTime)) (prefill "
            + "\(percent(stage.prefill.computeTime, of: stage.prefillWallTime)))"
    }

    private static func hopText(_ stage: StageStatistics) -> String {
        let perStep = Double(stage.counters.receivedBytes) / Double(max(stage.counters.stepCount, 1))
        return
            "received \(ByteCount.text(stage.counters.receivedBytes)) (\(perStep.text(places: 0)) B a step)"
    }

    private static func percent(_ part: Duration, of whole: Duration) -> String {
        guard whole > .zero else { return "–" }
        return (part.seconds / whole.seconds * 100).text(places: 0) + " %"
    }
}
