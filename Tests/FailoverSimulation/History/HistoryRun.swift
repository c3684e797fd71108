// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator

/// Plays one history, and says what of a cluster's promises was not kept.
package struct HistoryRun {
    package struct Outcome: Sendable {
        /// The first promise that was not kept.
        package let fault: String?
        /// What happened.
        package let lines: [String]
        /// From the last fault until everything lived again.
        package let recoveryTime: Duration
        package let eventCount: UInt64
        /// How requests ended.
        package let endings: Endings
    }

    /// How requests ended, so that nobody is content with histories in which nothing is asked.
    package struct Endings: Equatable, Sendable {
        package var finished = 0
        /// For want of stages, or with their coordinator.
        package var lost = 0
        package var others = 0

        package static func + (one: Endings, other: Endings) -> Endings {
            var sum = one
            sum.finished += other.finished
            sum.lost += other.lost
            sum.others += other.others
            return sum
        }
    }

    /// In which stages are up again after the last fault: attempts that are under way fail within 12 s, the next one
    /// comes after `Limits.restartDelayMax`, and takes as long.
    static let recoveryMax: Duration = .seconds(40)
    /// In which all that is asked is written then, and nothing is left of it, unless it would take longer anyway.
    static let writingMin: Duration = .seconds(200)
    /// In which nobody is held any more after the last coordinator was stopped.
    static let releaseMax: Duration = .seconds(15)

    private let history: History
    private let world: World
    private let watch: Watch

    private init(_ history: History, isRead: Bool) {
        self.history = history
        world = World(history, isRead: isRead)
        watch = Watch(world)
    }

    /// - Parameter isRead: whether somebody wants to read what happened.
    package static func play(_ history: History, isRead: Bool = false) -> Outcome {
        let run = HistoryRun(history, isRead: isRead)
        defer { run.world.end() }
        return run.play()
    }

    private var journal: Journal { world.journal }

    private func play() -> Outcome {
        for (index, wish) in history.wishes.enumerated() { ask(wish, number: index) }
        for fault in history.faults {
            world.timeline.after(fault.begin) { fault.begin(in: world) }
        }
        let lastEnd = history.faults.map(\.end).max() ?? .zero
        let last = max(lastEnd, history.wishes.map(\.time).max() ?? .zero)
        watch.begin()
        advance(until: last)
        heal()
        let recoveryTime = rest(since: last)
        let endings = world.clients.reduce(into: Endings()) { $0.count($1.ending) }
        if journal.fault == nil { letGo() }
        return Outcome(
            fault: journal.fault, lines: journal.lines, recoveryTime: recoveryTime,
            eventCount: world.timeline.number, endings: endings)
    }

    private func ask(_ wish: Wish, number: Int) {
        let clients = wish.requests.indices.compactMap { index in
            try? Client(
                number * 10 + index, wish.requests[index], stopCount: wish.stopCounts[index],
                cancelTime: wish.cancelTime, setting: world.setting, journal: journal)
        }
        world.timeline.after(wish.time) { [world] in
            // Others are told at once that nobody serves them.
            guard let coordinator = world.coordinators[wish.coordinator] else { return }
            coordinator.run {
                guard coordinator.takesRequests else { return }
                world.journal.note("request \(number * 10) of \(clients.count) sequences comes")
                world.clients += clients
                coordinator.text.submit(clients)
            }
        }
    }

    private func advance(until time: Duration) {
        while journal.fault == nil, world.timeline.time < time, world.timeline.step() {}
    }

    /// What several faults have left between them.
    private func heal() {
        world.stop(coordinator: 1)
        world.start(coordinator: 0)
        for index in world.workers.indices where world.workers[index] == nil {
            world.start(worker: index)
        }
        if let coordinator = world.coordinators[0], coordinator.service?.drained.isEmpty == false {
            coordinator.interrupt { $0.drained = [] }
        }
    }

    /// - Returns: how long it takes until there are stages again.
    private func rest(since last: Duration) -> Duration {
        var recoveryTime: Duration?
        while journal.fault == nil {
            advance(until: world.timeline.time + .milliseconds(100))
            let time = world.timeline.time - last
            if world.coordinators[0]?.cluster != nil { recoveryTime = recoveryTime ?? time }
            guard let unrest = world.unrest else { break }
            let limit = recoveryTime == nil ? Self.recoveryMax : max(Self.writingMin, world.writingMax)
            if time >= limit { journal.fail("\(limit) after the last fault \(unrest)") }
        }
        return recoveryTime ?? world.timeline.time - last
    }

    private func letGo() {
        watch.end()
        world.stop(coordinator: 0)
        let deadline = world.timeline.time + Self.releaseMax
        while journal.fault == nil, let remains = world.remains {
            if world.timeline.time >= deadline {
                return journal.fail("\(Self.releaseMax) after its end \(remains)")
            }
            advance(until: world.timeline.time + .milliseconds(100))
        }
    }
}

extension HistoryRun.Endings {
    fileprivate mutating func count(_ ending: Client.Ending?) {
        switch ending {
        case .finished: finished += 1
        case .noStages, .coordinatorGone: lost += 1
        case .refused, .cancelled, nil: others += 1
        }
    }
}
