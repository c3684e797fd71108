// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterPlanning
package import Logging

/// What happens while a cluster comes up, as one line: for standard error, for logs, for those who follow.
package struct EventLine {
    /// As in the admin API's events.
    package let kind: String
    package let worker: String?
    package let message: String
    package let level: Logger.Level

    /// - Returns: `nil` if there is nothing to tell.
    package init?(_ event: ClusterEvent) {
        switch event {
        case .waiting(let reason): self.init("waiting", nil, reason)
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
            guard progress.isLast else { return nil }
            self.init("converted", nil, progress.line)
        case .converted: self.init("converted", nil, "nothing: all parts were kept from an earlier start")
        case .loading: return nil
        case .planned(let plan):
            let stages = plan.stages.map { "\($0.worker) \($0.layers)" }.joined(separator: ", ")
            self.init("planned", nil, stages)
        case .reserved(let cache, let bytes):
            self.init("reserved", nil, ReservationText.line(cache, byteCount: bytes))
        case .shipping(let progress):
            guard progress.isLast else { return nil }
            self.init("shipped", progress.worker, progress.line)
        case .shipped: return nil
        case .ready(let worker, let kernel, let bytes, let time):
            self.init(
                "ready", worker,
                "\(kernel) kernels, \(ByteCount.text(bytes)) resident, loaded in "
                    + "\((time.seconds * 1e3).text(places: 0)) ms")
        case .remark(let text): self.init("remark", nil, text)
        }
    }

    private init(_ kind: String, _ worker: String?, _ message: String, _ level: Logger.Level = .info) {
        self.kind = kind
        self.worker = worker
        self.message = message
        self.level = level
    }
}
