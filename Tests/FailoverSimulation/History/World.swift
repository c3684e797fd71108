// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import ClusterPlanning
import TestSupport
import TextGeneration

/// All of a cluster, its network and its clients, in virtual time.
final class World {
    /// The release of all programs, but where an operator has installed another one.
    static let version = 3

    let setting: Setting
    let timeline: Timeline
    let network: Network
    let journal: Journal
    private(set) var workers: [Worker?] = []
    private let disks: [Disk]
    /// The first one, and one that should not be there.
    private(set) var coordinators: [Coordinator?] = [nil, nil]
    /// Whether somebody starts them again when they end.
    private var isWanted = [true, false]
    var clients: [Client] = []
    private var lastSession: UInt64 = 0
    private var lastProcess: UInt64 = 0

    init(_ history: History, isRead: Bool) {
        setting = history.setting
        timeline = Timeline()
        journal = Journal(timeline: timeline, isRead: isRead)
        network = Network(
            hostCount: setting.workers.count + 2, latency: setting.latency, timeline: timeline,
            seed: history.seed ^ 0x5EED)
        disks = setting.workers.map { _ in Disk() }
        workers = setting.workers.map { _ in nil }
        for index in workers.indices {
            if history.isPrepared {
                for part in setting.parts(of: setting.layers) {
                    disks[index].write(part.file, upTo: part.byteCount)
                }
            }
            start(worker: index)
        }
        start(coordinator: 0)
    }

    func nextSession() -> UInt64 {
        lastSession += 1
        return lastSession
    }

    func host(ofCoordinator index: Int) -> Int { setting.workers.count + index }

    // MARK: Programs

    /// Nothing starts on a machine without power.
    func start(worker index: Int, version: Int = World.version) {
        guard network.isUp[index] else { return }
        lastProcess += 1
        let place = setting.workers[index]
        workers[index] = Worker(
            place.name, on: place.host, version: version, memoryByteCount: place.memoryByteCount,
            disk: disks[index], id: lastProcess, world: self)
        journal.note(
            "worker \(place.name) is up\(version == World.version ? "" : " in another release")")
    }

    func kill(worker index: Int, isSilent: Bool = false) {
        journal.note(
            "worker \(setting.workers[index].name) is \(isSilent ? "without power" : "killed")")
        workers[index]?.die(isSilent: isSilent)
        workers[index] = nil
    }

    func disk(of index: Int) -> Disk { disks[index] }

    func start(coordinator index: Int) {
        isWanted[index] = true
        guard coordinators[index] == nil, network.isUp[host(ofCoordinator: index)] else { return }
        let name = index == 0 ? "the coordinator" : "the other coordinator"
        journal.note("\(name) is started")
        coordinators[index] = Coordinator(name, on: host(ofCoordinator: index), world: self)
    }

    func kill(coordinator index: Int, isSilent: Bool) {
        isWanted[index] = false
        guard let coordinator = coordinators[index] else { return }
        journal.note("\(coordinator.name) is \(isSilent ? "without power" : "killed")")
        coordinator.die(isSilent: isSilent)
        coordinators[index] = nil
    }

    /// A program has ended, as it could not begin; whoever wants it starts it again.
    func ended(_ coordinator: Coordinator) {
        coordinator.die(isSilent: false)
        guard let index = coordinators.firstIndex(where: { $0 === coordinator }) else { return }
        coordinators[index] = nil
        timeline.after(.seconds(1)) { [self] in if isWanted[index] { start(coordinator: index) } }
    }

    func stop(coordinator index: Int) {
        isWanted[index] = false
        coordinators[index]?.stop()
        coordinators[index] = nil
    }

    // MARK: Rest

    /// What all that was asked takes at most, one after the other if there is one slot, on stages that nothing befalls.
    var writingMax: Duration {
        let steps = clients.reduce(0) { $0 + $1.stepCountMax(prefillChunk: setting.prefillChunk) }
        return setting.stepMax * steps / (setting.slotCount ?? 1)
    }

    /// What is not as it should be long after the last fault, or `nil`.
    var unrest: String? {
        if let client = clients.first(where: { $0.ending == nil }) {
            return "request \(client.number) has not ended"
        }
        guard let coordinator = coordinators[0] else { return "there is no coordinator" }
        guard let cluster = coordinator.cluster, let schedule = coordinator.text.schedule else {
            return "no stages are up: \(coordinator.serving.phase)"
        }
        if cluster.pipeline.waitingSince != nil || schedule.inFlightCount > 0 {
            return "a step is under way"
        }
        if schedule.runningCount > 0 || schedule.waitingCount > 0 { return "a sequence runs or waits" }
        if coordinator.text.clientCount > 0 { return "the coordinator knows a client" }
        for (place, worker) in zip(setting.workers, workers) {
            guard let worker else { return "worker \(place.name) is not there" }
            let isUsed = cluster.plan.stages.contains { $0.worker == place.name }
            guard isUsed else {
                if let session = worker.session {
                    return "worker \(place.name) is held by \(session.node) for nothing"
                }
                continue
            }
            guard let runners = worker.session?.runners, !runners.isEmpty else {
                return "worker \(place.name) has no stage"
            }
            for runner in runners where runner.openSlotCount > 0 || !runner.isIdle {
                return "worker \(place.name) has \(runner.openSlotCount) slots open"
            }
        }
        return nil
    }

    /// What is left when everybody has been let go, or `nil`.
    var remains: String? {
        for worker in workers.compactMap(\.self) {
            if let session = worker.session {
                return "worker \(worker.name) is still held by \(session.node)"
            }
            if !worker.ends.isEmpty {
                return "worker \(worker.name) has \(worker.ends.count) connections open"
            }
        }
        return nil
    }

    /// Breaks what holds each other.
    func end() {
        for worker in workers { worker?.die(isSilent: true) }
        for coordinator in coordinators { coordinator?.die(isSilent: true) }
        workers = []
        coordinators = []
        clients = []
        network.end()
        timeline.end()
    }
}
