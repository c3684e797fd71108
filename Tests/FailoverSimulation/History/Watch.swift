// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import ClusterPlanning

/// Looks once a second whether somebody relies on what is gone for long.
final class Watch {
    /// A silence is noticed after `Limits.lossTimeout`, and told a moment later.
    private static let noticeMax = 6

    private unowned let world: World
    private var isOver = false
    /// For how many seconds in a row a stage of a session could not be reached, and why.
    ///
    /// Between two reasons it may have answered, if only for a moment.
    private var silences: [UInt64: (reason: String, seconds: Int)] = [:]

    init(_ world: World) {
        self.world = world
        fineSeconds = Array(repeating: 0, count: world.setting.workers.count + 1)
    }

    func begin() {
        world.timeline.after(.seconds(1)) { [self] in
            if isOver { return }
            for coordinator in world.coordinators.compactMap(\.self) { look(at: coordinator) }
            lookForRoom()
            begin()
        }
    }

    func end() { isOver = true }

    private func look(at coordinator: Coordinator) {
        guard let cluster = coordinator.cluster else { return }
        let missing = cluster.controls.lazy.compactMap { [self] control in
            absence(of: control, from: coordinator).map { "with worker \(control.worker.name), which \($0)" }
        }.first
        // One that stands still itself notices nothing, and is not to be blamed.
        note(cluster.pipeline.session, coordinator.isPaused ? nil : missing, coordinator)
        let isCut = isCut(cluster) && !coordinator.isPaused
        note(
            cluster.pipeline.session + Self.links, isCut ? "while nothing passes between two stages" : nil,
            coordinator)
    }

    /// Why a worker cannot answer, if it cannot.
    private func absence(of control: Control, from coordinator: Coordinator) -> String? {
        let worker = world.workers[control.worker.host]
        if worker?.id != control.processID { return "is gone" }
        if worker?.isPaused == true { return "stands still" }
        let isOpen = world.network.isOpen(between: coordinator.host, control.worker.host)
        return isOpen ? nil : "cannot be reached"
    }

    // MARK: Room

    /// For how many seconds in a row nothing has been wrong with each host; for the coordinator's, how long it has had
    /// no stages.
    private var fineSeconds: [Int]

    /// Whoever has no stages while some workers are well, and have room for them, must get them soon.
    ///
    /// After an attempt that fails the next one comes within `Limits.restartDelayMax`, and who is not well may spoil some.
    private func lookForRoom() {
        let main = world.coordinators[0]
        let host = world.host(ofCoordinator: 0)
        for index in fineSeconds.indices {
            let isFine =
                index == host
                ? main.map { !$0.isPaused && $0.cluster == nil } ?? false : isFine(worker: index, for: main)
            fineSeconds[index] = isFine ? fineSeconds[index] + 1 : 0
        }
        guard let main, let service = main.service, fineSeconds[host] > Self.roomMax
        else { return }
        let places = world.setting.workers.filter { fineSeconds[$0.host] > Self.roomMax }
        let offers = places.map {
            WorkerOffer(
                name: $0.name, address: "", memoryByteCount: $0.memoryByteCount,
                stagesMax: Limits.workerStagesMax)
        }
        guard let plan = try? world.setting.failover(after: service, offers, isPatient: false).plan else {
            return
        }
        world.journal.fail(
            "\(main.name) has no stages, though there is room on \(plan.stages.map(\.worker)) for \(Self.roomMax) s"
        )
    }

    private static let roomMax = 60

    /// Whether `coordinator` can use a worker, and it any other.
    private func isFine(worker index: Int, for coordinator: Coordinator?) -> Bool {
        guard let worker = world.workers[index], let coordinator, !worker.isPaused,
            worker.version == World.version,
            worker.stuckUntil <= world.timeline.micros, !worker.disk.isFull,
            worker.session.map({ $0.node == coordinator.name }) ?? true,
            coordinator.service?.drained.contains(worker.name) == false
        else { return false }
        return (0...world.setting.workers.count).allSatisfy { world.network.isOpen(between: index, $0) }
    }

    // MARK: Silence

    /// Numbers no session.
    private static let links: UInt64 = 1 << 32

    /// - Parameter reason: why there is silence, if there is.
    private func note(_ what: UInt64, _ reason: String?, _ coordinator: Coordinator) {
        let last = silences[what]
        silences[what] = reason.map { ($0, $0 == last?.reason ? (last?.seconds ?? 0) + 1 : 1) }
        guard let (reason, seconds) = silences[what], seconds > Self.noticeMax else { return }
        world.journal.fail("\(coordinator.name) serves for \(Self.noticeMax) s \(reason)")
    }

    /// Whether a step must be waiting on a connection between two stages on which nothing gets through.
    ///
    /// One that has carried nothing yet is not looked at by `LinkMonitor`.
    private func isCut(_ cluster: Assembly.Cluster) -> Bool {
        guard let since = cluster.pipeline.waitingSince, cluster.pipeline.returnedCount > 0 else {
            return false
        }
        let hosts = cluster.controls.map(\.worker.host)
        let now = world.timeline.micros
        guard now - since >= 1_000_000,
            hosts.allSatisfy({ (world.workers[$0]?.stuckUntil ?? 0) < now - 1_000_000 })
        else { return false }
        return zip(hosts, hosts.dropFirst()).contains { !world.network.isOpen(from: $0, to: $1) }
    }
}
