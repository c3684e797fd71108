// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import ClusterPlanning

/// A serving coordinator, as `PipelineSupervisor` keeps one up: brings a pipeline up, and again when it is lost.
///
/// ``ServingState`` says where it stands, ``RestartDelays`` how long it waits between attempts.
final class Coordinator: Program {
    let name: String
    let world: World
    private(set) var serving: ServingState
    private var delays = RestartDelays()
    private(set) var text: TextSource
    /// What was served last.
    var service: ClusterStanding.Service?
    private(set) var cluster: Assembly.Cluster?
    private var assembly: Assembly?
    private var hasServed = false
    private var isProbing = false
    /// When the present pipeline began to serve, or the last one was lost.
    private(set) var since: Int64
    private let start: Int64
    private var isEnding = false

    init(_ name: String, on host: Int, world: World) {
        self.name = name
        self.world = world
        serving = ServingState(workers: world.setting.workers.map { .init(name: $0.name, address: "") })
        text = TextSource(world: world)
        since = world.timeline.micros
        start = since
        super.init(on: host, of: world.network)
        watchPauses()
        bringUp()
    }

    /// Whether requests are taken: others are answered with status 503.
    var takesRequests: Bool {
        switch serving.phase {
        case .serving, .recovering: true
        case .starting, .down: false
        }
    }

    // MARK: A pipeline's life

    private func bringUp() {
        guard !isEnding else { return }
        world.journal.note("\(name) brings a pipeline up")
        let attempt = Assembly(self, session: world.nextSession()) { [self] result in
            assembly = nil
            switch result {
            case .success(let cluster): serve(cluster)
            case .failure(let error): lose(error)
            }
        }
        assembly = attempt
        attempt.begin()
    }

    private func serve(_ cluster: Assembly.Cluster) {
        world.journal.note("\(name) serves session \(cluster.pipeline.session)")
        self.cluster = cluster
        let drained = service?.drained ?? []
        service = ClusterStanding.Service(plan: cluster.plan, measurements: nil)
        service?.drained = drained
        hasServed = true
        since = timeline.micros
        serving.serve(at: 0)
        isProbing = false
        cluster.pipeline.onOutcome = { [self] in text.take($0) }
        cluster.pipeline.onEnd = { [self] error in end(cluster, error) }
        text.begin(cluster, world.setting.schedule(for: cluster.plan, slotCount: cluster.slotCount))
        tick(cluster)
    }

    private func end(_ cluster: Assembly.Cluster, _ error: any Error) {
        world.journal.note("\(name) loses session \(cluster.pipeline.session): \(error)")
        if let worker = (error as? ClusterError)?.worker,
            !cluster.plan.stages.contains(where: { $0.worker == worker })
        {
            world.journal.fail("\(name) loses its stages by worker \(worker), which is none of them")
        }
        text.pause()
        close(cluster) { [self] in lose(error) }
    }

    private func close(_ cluster: Assembly.Cluster, _ then: @escaping () -> Void) {
        self.cluster = nil
        left(cluster.controls)
        cluster.controls.letGo {
            cluster.pipeline.close()
            then()
        }
    }

    /// Some workers may be gone.
    ///
    /// - Returns: these.
    @discardableResult
    func left(_ controls: [Control]) -> [String] {
        let lost = controls.filter { $0.failure?.code == .lost || $0.failure?.code == .stalled }.map(
            \.worker.name)
        service?.lost.formUnion(lost)
        return lost
    }

    private func lose(_ error: any Error) {
        guard !isEnding else { return }
        let time = serving.phase == .serving ? Duration.microseconds(timeline.micros - since) : nil
        if time != nil { since = timeline.micros }
        if error is PlacementChange {
            serving.move("\(error)")
        } else {
            let worker = (error as? ClusterError)?.worker
            let isNews = serving.lose("\(error)", worker: worker, sequenceCount: 0, at: 0)
            if isNews { world.journal.note("\(name) has no pipeline: \(error)") }
        }
        let isStarting =
            Duration.microseconds(timeline.micros - start) < Limits.joinTimeout
            && (error as? ClusterError)?.code.mayPass == true
        guard hasServed || isStarting else {
            world.journal.note("\(name) ends: \(error)")
            return world.ended(self)
        }
        after(delays.next(after: time)) { [self] in bringUp() }
    }

    private func watchPauses() {
        let timeout = world.setting.failoverTimeout
        after(max(min(Limits.pauseCommentInterval, timeout), Limits.failoverTick)) { [self] in
            if Duration.microseconds(timeline.micros - since) >= timeout, serving.giveUp() != nil {
                world.journal.note("\(name) gives up those who wait")
                text.giveUp(.noStages(waited: .microseconds(timeline.micros - since)))
            }
            watchPauses()
        }
    }

    /// Once a second: makes sure that the pipeline works.
    private func tick(_ cluster: Assembly.Cluster) {
        guard self.cluster?.pipeline === cluster.pipeline else { return }
        let isIdle = cluster.pipeline.waitingSince == nil
        if isIdle, !isProbing, timeline.micros - text.lastReturn >= Limits.healthProbeInterval.micros {
            isProbing = true
            text.probe { [self] in isProbing = false }
        }
        after(.seconds(1)) { [self] in tick(cluster) }
    }

    // MARK: What an operator does

    private struct PlacementChange: Error {}

    /// Has another pipeline brought up in place of the present one.
    func interrupt(_ change: (inout ClusterStanding.Service) -> Void) {
        guard var service, let cluster else { return }
        change(&service)
        self.service = service
        cluster.pipeline.end(PlacementChange())
    }

    /// As SIGTERM, when nobody is served any more.
    func stop() {
        guard isAlive, !isEnding else { return }
        isEnding = true
        world.journal.note("\(name) is stopped")
        assembly?.cancel()
        assembly = nil
        text.end()
        guard let cluster else { return die(isSilent: false) }
        close(cluster) { [self] in die(isSilent: false) }
    }

    override func die(isSilent: Bool) {
        super.die(isSilent: isSilent)
        text.end()
        cluster?.pipeline.close()
        cluster = nil
        assembly = nil
    }
}
