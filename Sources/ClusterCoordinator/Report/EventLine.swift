// SPDX-License-Identifier: MIT
package import BitNetCore
import ClusterPlanning
package import Logging

/// What happens while a pipeline comes up, in words: one line for logs and for those who follow, and what a person
/// at a terminal is shown.
package struct EventLine {
    /// As in the admin API's events.
    package let kind: String
    package let worker: String?
    package let message: String
    package let level: Logger.Level
    /// For a person at a terminal.
    package let notice: Notice
    /// Whether it belongs into logs: steps on the way do not.
    package let isRecorded: Bool

    package init(_ event: ClusterEvent) {
        switch event {
        case .waiting(let reason): self.init("waiting", nil, reason, shown: ["waiting: \(reason)"])
        case .found(let workers):
            let list = workers.map { "\($0.name) at \($0.address)" }.joined(separator: ", ")
            self.init("found", nil, list, shown: ["found    \(list)"])
        case .joined(let worker, let isa, let threads):
            self.init("joined", worker, "\(isa), \(plural(threads, "thread"))")
        case .measured(let worker, let figures): self.init("measured", worker, MeasurementText.line(figures))
        case .unmeasured(let worker, let reason):
            self.init("unmeasured", worker, "was not measured: \(reason)", .warning)
        case .probed(let from, let to, let link):
            self.init("probed", nil, "link \(from) to \(to)  \(MeasurementText.line(link))")
        case .bookUnusable(let reason):
            self.init("measured", nil, "measurements are not kept: \(reason)", .warning)
        case .converting(let progress):
            self.init(
                "converted", nil, progress.line, progress: .init("convert", isLast: progress.isLast))
        case .converted:
            let text = "nothing: all parts were kept from an earlier start"
            self.init("converted", nil, text, shown: ["convert  \(text)"])
        case .loading(let layer, let count):
            self.init(
                "loading", nil, "load layer \(layer) of \(count)", progress: .init("load", isLast: false))
        case .planned(let plan, let model):
            let stages = plan.stages.map { "\($0.worker) \($0.layers)" }.joined(separator: ", ")
            self.init("planned", nil, stages, shown: PlanReport.lines(plan: plan, model: model))
        case .reserved(let cache, let bytes):
            self.init("reserved", nil, ReservationText.line(cache, byteCount: bytes))
        case .shipping(let progress):
            self.init(
                "shipped", progress.worker, progress.line, shown: [progress.line],
                progress: .init(progress.worker, isLast: progress.isLast))
        case .shipped(let byteCount):
            self.init("shipped", nil, "shipped \(byteCount) bytes in all", isRecorded: false)
        case .ready(let worker, let kernel, let bytes, let time):
            self.init(
                "ready", worker,
                "\(kernel) kernels, \(ByteCount.text(bytes)) resident, loaded in "
                    + "\((time.seconds * 1e3).text(places: 0)) ms")
        case .standingBy(let worker, let layers, let resident, let sent):
            self.init(
                "spare", worker,
                "stands by with layers \(layers) in memory (\(ByteCount.text(resident))) and all on its disk; \(sent) "
                    + "bytes were sent")
        case .notStandingBy(let worker, let reason):
            self.init("spare", worker, "does not stand by: \(reason)", .warning)
        case .remark(let text): self.init("remark", nil, text)
        case .warning(let text): self.init("remark", nil, text, .warning)
        }
    }

    /// - Parameter shown: to a person; by default the message, behind what it is about.
    private init(
        _ kind: String, _ worker: String?, _ message: String, _ level: Logger.Level = .info,
        shown: [String]? = nil, progress: Notice.Progress? = nil, isRecorded: Bool = true
    ) {
        self.kind = kind
        self.worker = worker
        self.message = message
        self.level = level
        self.isRecorded = isRecorded && progress?.isLast ?? true
        let line =
            switch (level, worker) {
            case (.warning, let worker): "warning: \(worker.map { "\($0) " } ?? "")\(message)"
            case (_, .some(let worker)): "\(kind) \(worker)  \(message)"
            case (_, nil): message
            }
        notice = Notice(shown ?? [line], progress: progress)
    }
}
