// SPDX-License-Identifier: MIT
package import AdminAPI
import BitNetCore

/// A status as lines of a screen.
package struct StatusScreen {
    let status: ClusterStatus
    let width: Int
    let clock: ClockText
    /// Whether the bar of how busy a stage is comes before less lively figures.
    let prefersBars: Bool

    /// - Parameter width: columns; below 40 lines are laid out for 40 and cut off.
    package init(_ status: ClusterStatus, width: Int, clock: ClockText, prefersBars: Bool = false) {
        self.status = status.printable
        self.width = max(width, 40)
        self.clock = clock
        self.prefersBars = prefersBars
        shownColumns = width
    }

    private let shownColumns: Int

    /// All of it; no line is wider than the screen.
    package var lines: [StyledLine] {
        clipped(header + stageTable + blocks + spares + throughput + notes)
    }

    func clipped(_ lines: [StyledLine]) -> [StyledLine] {
        lines.map { $0.clipped(to: shownColumns) }
    }

    var header: [StyledLine] {
        let needed = [
            StyledLine(status.cluster, .strong),
            StyledLine(status.state.rawValue.uppercased(), style(of: status.state)),
            StyledLine(
                "\(FigureText.count(status.workersJoined))/\(FigureText.count(status.workersExpected)) workers",
                status.workersJoined < status.workersExpected ? .warning : .plain),
            StyledLine(modelText),
            StyledLine("up \(FigureText.span(seconds: status.uptimeSeconds))"),
            StyledLine(status.gateway ?? "no gateway", status.gateway == nil ? .faint : .plain),
        ]
        let model = status.model
        let optional = [
            "\(FigureText.count(model.layerCount)) layers\(segmentText)",
            "context \(FigureText.count(model.contextLength))", "KV \(model.cacheType)",
            Self.release(status.build), "at \(clock.text(status.time))",
        ]
        var items = needed
        for text in optional {
            let more = items + [StyledLine(text, .faint)]
            let columns = more.reduce(0) { $0 + $1.columns + 2 } - 2
            if columns <= width { items = more }
        }
        return TextFlow.items("", items, width: width, gap: 2) + reasons
    }

    private var segmentText: String {
        guard let layers = status.model.segmentLayers, layers > 1 else { return "" }
        return " in segments of \(FigureText.count(layers))"
    }

    private var modelText: String {
        let name = status.model.name.clipped(to: 40)
        // Parameters are told in billions.
        let parameters = FigureText.significant(Double(status.model.parameterCount))
            .replacing("G", with: "B")
        return status.model.parameterCount > 0 ? "\(name) \(parameters)" : name
    }

    private var reasons: [StyledLine] {
        let style = status.state == .down ? StyledLine.Style.bad : .warning
        return status.reasons.flatMap { TextFlow.paragraph("reason", $0, style, width: width) }
    }

    var blocks: [StyledLine] {
        let layerCount = status.model.layerCount
        guard !status.stages.isEmpty, layerCount > 0 else { return [] }
        let last = FigureText.count(layerCount - 1)
        let room = width - TextFlow.labelColumns - 5 - last.columns
        let strip = BlockStrip.text(status.stages, layerCount: layerCount, limit: room)
        let line = StyledLine("0 [\(strip)] \(last)")
        return TextFlow.items("blocks", [line, StyledLine(BlockStrip.legend, .faint)], width: width)
    }

    var spares: [StyledLine] {
        status.spares?.flatMap { spare in
            if let reason = spare.reason {
                return TextFlow.paragraph(
                    "spare", "\(spare.worker) does not stand by: \(reason)", .warning, width: width)
            }
            guard let layers = spare.layers, layers.count == 2 else { return [] }
            let range = "\(FigureText.count(layers[0]))-\(FigureText.count(layers[1]))"
            return TextFlow.paragraph(
                "spare", "\(spare.worker) stands by with layers \(range) in memory", width: width)
        } ?? []
    }

    var notes: [StyledLine] {
        status.hints.flatMap { TextFlow.paragraph("hint", $0, width: width) }
            + status.failures.flatMap { failure in
                // What is a reason for the state stands above in full.
                let linesMax = status.reasons.contains { $0.contains(failure.message) } ? 1 : 3
                return TextFlow.paragraph("recent", text(of: failure), width: width, linesMax: linesMax)
            }
    }

    private func text(of failure: FailureRecord) -> String {
        let subject = failure.worker.map { WorkerSubject.text($0, before: failure.message) } ?? ""
        let sequences: String? =
            switch failure.lostSequenceCount {
            case ..<1: nil
            case 1: "1 sequence interrupted"
            default: "\(FigureText.count(failure.lostSequenceCount)) sequences interrupted"
            }
        // An outage that is over has a length; one that lasts is that of a cluster that does not serve.
        let isLasting = [.down, .recovering, .starting].contains(status.state)
        let outage =
            failure.outageSeconds.map { "\(outageText($0)) without service" }
            ?? (isLasting ? "no service since" : nil)
        let effects = [sequences, outage].compactMap(\.self).joined(separator: ", ")
        return "\(clock.text(failure.time, now: status.time)) \(subject)\(failure.message)"
            + (effects.isEmpty ? "" : " (\(effects))")
    }

    private func outageText(_ seconds: Double) -> String {
        seconds.isFinite && (0..<60).contains(seconds)
            ? FigureText.significant(seconds) + " s" : FigureText.span(seconds: seconds)
    }

    private func style(of state: ClusterStatus.State) -> StyledLine.Style {
        switch state {
        case .serving: .good
        case .starting, .degraded, .draining, .recovering: .warning
        case .down: .bad
        }
    }

    /// `0.1.0` of `bitnet-coord 0.1.0`.
    static func release(_ build: String) -> String {
        build.split(separator: " ").last.map(String.init) ?? build
    }
}
