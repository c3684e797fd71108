// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import ClusterPlanning

extension PlanOutcome {
    /// For people.
    package var text: String {
        var lines = [
            "\(subject.cluster): \(subject.model.name), \(subject.model.layerCount) layers, hidden "
                + "\(subject.model.hiddenSize); planned for \(concurrency) at a time, \(basis)", "",
        ]
        lines += Table(rows: [stageHeader] + zip(plan.stages, prediction.stages).map(row)).lines
        if !plan.unused.isEmpty { lines.append("not used: " + plan.unused.joined(separator: ", ")) }
        lines += ["", "expected"] + Table(rows: [rateHeader] + expectations.map(row)).lines + [""]
        lines.append("bottleneck: " + prediction.reason)
        lines += advice.map { "note: " + $0 }
        lines += ["", "if one is lost"] + Table(rows: losses.map { ["  " + $0.worker, $0.text] }).lines
        lines += ["", "figures"] + Table(rows: origins.map { ["  " + $0.worker, $0.text] }).lines
        if assumedLinkCount > 0 {
            let link = subject.links.assumed
            lines.append(
                "  \(assumedLinkCount) of \(prediction.links.count) links are ASSUMED to carry "
                    + "\((link.bytesPerSecond * 8 / 1e6).text(places: 0)) Mbit/s with a delay of "
                    + "\((link.latencySeconds * 1e3).text(places: 1)) ms")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var basis: String {
        switch plan.basis {
        case .assignment: "layers as the file gives them"
        case .bytes: "layers divided by bytes"
        case .time(let isBest):
            "layers divided by time, \(isBest ? "in the best order" : "in the file's order")"
        }
    }

    private var stageHeader: [String] {
        ["stage", "worker", "layers", "sent", "memory", "of", "ms a step", "busy", "passes on a step"]
    }

    private func row(_ stage: PlannedStage, _ expected: PlanPrediction.Stage) -> [String] {
        let limit = subject.offers.first { $0.name == stage.worker }?.memoryByteCount
        let link = prediction.links[stage.index + 1]
        return [
            "\(stage.index)", stage.worker, "\(stage.layers)", ByteCount.text(stage.wireByteCount),
            ByteCount.text(stage.memoryByteCount),
            limit.map { $0 == PlanSubject.unknownMemory ? "?" : ByteCount.text($0) } ?? "?",
            milliseconds(expected.stepSeconds), percent(expected.busyShare),
            ByteCount.text(UInt64(clamping: link.byteCount)) + " in \(milliseconds(link.transferSeconds)) ms",
        ]
    }

    private var rateHeader: [String] {
        [
            "at a time", "tokens/s", "each", "ms a token", "slowest stage", "measured tokens/s",
            "slowest stage",
        ]
    }

    private func row(_ expectation: Expectation) -> [String] {
        let prediction = expectation.prediction
        let slowest = prediction.stages.map(\.stepSeconds).max() ?? 0
        let row = [
            "\(prediction.concurrency)", rate(prediction.tokensPerSecond),
            rate(prediction.tokensPerSecond / Double(prediction.concurrency)),
            milliseconds(prediction.roundSeconds), milliseconds(slowest) + " ms",
        ]
        guard let run = expectation.run else { return row + ["–", "–"] }
        let measured = run.stages.map(\.stepSeconds).max() ?? 0
        let ratio = run.tokensPerSecond / prediction.tokensPerSecond
        return row + [
            "\(rate(run.tokensPerSecond)) (\(percent(ratio)))", milliseconds(measured) + " ms",
        ]
    }

    private func rate(_ value: Double) -> String { value.text(places: value < 100 ? 1 : 0) }
    private func milliseconds(_ seconds: Double) -> String {
        (seconds * 1e3).text(places: seconds < 0.01 ? 3 : seconds < 0.1 ? 2 : 1)
    }
    private func percent(_ share: Double) -> String { (share * 100).text(places: 0) + " %" }
}
