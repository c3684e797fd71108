// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol
import ClusterWire

/// Fails a pipeline whose steps do not come back although every worker is alive.
struct PipelineWatch {
    let pipeline: ClusterPipeline
    /// Of the stages, in order.
    let controls: [WorkerControl]
    /// How long a connection may be silent.
    let lossTimeout: Duration

    func run() async {
        let monitor = LinkMonitor(now: .now, timeout: lossTimeout)
        var monitors = [LinkMonitor](repeating: monitor, count: controls.count + 1)
        var tickCount: UInt64 = 0
        while !Task.isCancelled {
            tickCount += 1
            for (index, report) in reports(tickCount).enumerated() {
                guard let fault = monitors[index].tick(report, now: .now) else { continue }
                return fail(linkTo: index, fault.missingByteCount, after: fault.silence)
            }
            if let silence = pipeline.tick() { return fail(after: silence) }
            try? await Task.sleep(for: Limits.heartbeatInterval)
        }
    }

    /// Of the connections to the stages, in order, and of that which comes back.
    private func reports(_ tickCount: UInt64) -> [LinkMonitor.Report] {
        let own = pipeline.traffic
        let figures = figures
        let sent = [own.sentByteCount] + figures.map { $0?.sentByteCount ?? 0 }
        let received =
            zip(figures, controls).map { ($0?.receivedByteCount ?? 0, $1.latest?.sequence ?? 0) } + [
                (own.receivedByteCount, tickCount)
            ]
        return zip(sent, received).map { sent, received in
            LinkMonitor.Report(
                sentByteCount: sent, receivedByteCount: received.0, receiverSequence: received.1)
        }
    }

    /// What each stage's worker said last of that stage.
    private var figures: [StageFigures?] {
        controls.enumerated().map { $1.latest?.figures(ofStage: $0) }
    }

    /// Nothing arrives: whoever should receive it is given up, as the way to it may be broken for long.
    private func fail(linkTo index: Int, _ missingByteCount: UInt64, after silence: Duration) {
        let sender = index == 0 ? "the coordinator" : "\(controls[index - 1].worker)"
        let receiver = index == controls.count ? "the coordinator" : "\(controls[index].worker)"
        let stage = controls[min(index, controls.count - 1)]
        stage.fail(
            ClusterError(
                .stalled,
                "the connection from \(sender) to \(receiver) is silent: for \(silence.seconds.text(places: 1)) s nothing "
                    + "has arrived of \(missingByteCount) bytes, though both ends answer. Look at the network between them."
            ))
    }

    /// Steps are stuck: in the first stage that has computed fewer than the one before it, if it can be seen.
    private func fail(after silence: Duration) {
        let counts = figures.map { $0?.stepsCompleted ?? 0 }
        let progress = zip(controls, counts).map { "\($0.worker.name) \($1)" }.joined(separator: ", ")
        let message =
            "no step came back for \(silence.seconds.text(places: 1)) s; steps computed by each stage: \(progress)"
        let stuck = counts.indices.dropFirst().first { counts[$0] < counts[$0 - 1] }
        guard let stuck else { return pipeline.fail(ClusterError(.stalled, message)) }
        controls[stuck].fail(
            ClusterError(
                .stalled, "\(controls[stuck].worker) is stuck: \(message). Restart bitnet-worker there."))
    }
}
