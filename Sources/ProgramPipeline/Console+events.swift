// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import ProgramSupport

extension Console {
    /// Tells a person what happens while stages come up.
    ///
    /// - Parameter model: what is planned for.
    func show(_ event: ClusterEvent, of model: ModelDescription) {
        switch event {
        case .waiting(let reason):
            note("waiting: \(reason)")
        case .joined(let worker, let isa, let threadCount):
            note("joined \(worker)  \(isa), \(plural(threadCount, "thread"))")
        case .measured(let worker, let figures):
            note("measured \(worker)  \(MeasurementText.line(figures))")
        case .unmeasured(let worker, let reason):
            note("warning: \(worker) was not measured: \(reason)")
        case .probed(let from, let to, let link):
            note("link \(from) to \(to)  \(MeasurementText.line(link))")
        case .bookUnusable(let reason):
            note("warning: measurements are not kept: \(reason)")
        case .converting(let progress):
            self.progress("convert", progress.line, isLast: progress.isLast)
        case .converted:
            note("convert  nothing: all parts were kept from an earlier start")
        case .loading(let layer, let count):
            self.progress("load", "load layer \(layer) of \(count)", isLast: false)
        case .remark(let text):
            note(text)
        case .planned(let plan):
            for line in PlanReport.lines(plan: plan, model: model) { note(line) }
        case .reserved(let cache, let byteCount):
            note(ReservationText.line(cache, byteCount: byteCount))
        case .shipping(let progress):
            self.progress(progress.worker, progress.line, isLast: progress.isLast)
        case .shipped(let byteCount):
            note("shipped \(byteCount) bytes in all")
        case .ready(let worker, let kernel, let residentByteCount, let loadTime):
            note(
                "ready \(worker)  \(kernel) kernels, \(ByteCount.text(residentByteCount)) resident, loaded in "
                    + "\((loadTime.seconds * 1e3).text(places: 0)) ms")
        }
    }
}
