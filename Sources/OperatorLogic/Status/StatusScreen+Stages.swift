// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore

extension StatusScreen {
    /// A row for each stage, with as many figures as fit.
    var stageTable: [StyledLine] {
        guard !status.stages.isEmpty else {
            return [StyledLine("no stages yet: layers are given out once the workers have joined", .faint)]
        }
        return Table(identity + figures + details).lines(fitting: width)
    }

    private func column(
        _ header: String, _ importance: Int, alignment: Table<StyledLine>.Alignment = .right, min: Int = 0,
        style: (StageStatus) -> StyledLine.Style = { _ in .plain }, _ text: (StageStatus) -> String
    ) -> Table<StyledLine>.Column {
        Table.Column(
            alignment: alignment, importance: importance, widthMin: min,
            cells: [StyledLine(header, .faint)] + status.stages.map { StyledLine(text($0), style($0)) })
    }

    private var identity: [Table<StyledLine>.Column] {
        [
            column("STAGE", 0, alignment: .left) { FigureText.count($0.index) },
            column("WORKER", 0, alignment: .left) { $0.worker.clipped(to: max(width / 6, 8)) },
            column("STATE", 0, alignment: .left, min: 7, style: style) { stage in
                guard let progress = stage.progress, stage.state == .receiving || stage.state == .loading
                else { return stage.state.rawValue }
                return "\(stage.state.rawValue) \(FigureText.share(progress))"
            },
            column("LAYERS", 1) { stage in
                guard let first = stage.layers.first, let last = stage.layers.last else {
                    return FigureText.unknown
                }
                return "\(FigureText.count(first))-\(FigureText.count(last))"
            },
        ]
    }

    private var figures: [Table<StyledLine>.Column] {
        [
            column("MEM GiB", 4, min: 8) { stage in
                FigureText.pair(
                    FigureText.gibibytes(stage.memoryBytes), FigureText.gibibytes(stage.memoryLimitBytes))
            },
            column("CORES", 6, min: 6) { stage in
                FigureText.pair(cores(stage.coresActive), stage.cores.map { FigureText.count($0) } ?? "–")
            },
            column("COMPUTE", 2, min: 7) { stage in
                stage.computeMilliseconds.map { FigureText.significant($0) + " ms" } ?? FigureText.unknown
            },
            column("IDLE", 3, min: 4) { FigureText.share($0.idleFraction) },
            column("BUSY", prefersBars ? 5 : 11, alignment: .left, min: 10) { stage in
                Bars.share(stage.idleFraction.map { 1 - $0 }, columns: 10)
            },
            column("LINK ms", 7) { FigureText.significant($0.linkMilliseconds) },
            column("MB/s", 8, min: 4) { FigureText.significant($0.linkBytesPerSecond.map { $0 / 1e6 }) },
        ]
    }

    /// What there is room for on wide screens only, the release and the mark of the slowest stage apart.
    private var details: [Table<StyledLine>.Column] {
        [
            column("IN MB/s", 14) { FigureText.significant($0.receivedBytesPerSecond.map { $0 / 1e6 }) },
            column("STEPS/s", 15) { FigureText.significant($0.stepsPerSecond) },
            column("ISA", 10, alignment: .left) { $0.isa ?? FigureText.unknown },
            column("THREADS", 12) { $0.threads.map { FigureText.count($0) } ?? FigureText.unknown },
            column("STEAL", 13, style: stealStyle) { stage in
                FigureText.share(stage.stealFraction)
            },
            column("DISK GiB", 16) { FigureText.gibibytes($0.diskFreeBytes) },
            column("BEAT ms", 17, min: 7) { FigureText.significant($0.heartbeatMilliseconds) },
            column("VERSION", 9) { stage in
                stage.build.map { Self.release($0).clipped(to: 16) } ?? FigureText.unknown
            },
            column("", 1, alignment: .left, style: slowestStyle) { $0.isSlowest ? "<- slowest" : "" },
        ]
    }

    private func stealStyle(_ stage: StageStatus) -> StyledLine.Style {
        (stage.stealFraction ?? 0) >= 0.05 ? .warning : .plain
    }

    private func slowestStyle(_: StageStatus) -> StyledLine.Style { .warning }

    private func style(_ stage: StageStatus) -> StyledLine.Style {
        switch stage.state {
        case .serving: .good
        case .waiting, .joined, .receiving, .loading: .warning
        case .lost: .bad
        }
    }

    private func cores(_ active: Double?) -> String {
        guard let active, active.isFinite, active >= 0 else { return FigureText.unknown }
        return active < 9.95 ? active.text(places: 1) : FigureText.whole(active)
    }
}
