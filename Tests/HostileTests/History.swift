// SPDX-License-Identifier: MIT
import ClusterWire
import TestSupport

/// How a hostile member ends what is not over after a while.
enum Ending: Equatable, Sendable {
    /// All its connections end.
    case gone
    /// They stay open, and nothing comes any more.
    case silent
    /// The operator stops the coordinator.
    case stopped
    /// Nobody ends anything: honest members must notice by themselves.
    case noticed
}

/// One run of a cluster with a hostile member in it.
struct History: Equatable, Sendable, CustomStringConvertible {
    var workerCount = 1
    /// Whether the workers have the parts on disk.
    var isPrepared = true
    /// Whether the coordinator knows the parts before it needs them.
    var isPacked = true
    /// Whether what is lost is brought up again, with the same requests.
    var isSupervised = false
    /// Whether the coordinator has workers and the ways between all measured first.
    var isMeasured = false
    var deviations: [Deviation] = []
    var ending = Ending.gone
    /// What it was drawn from, if it was.
    private(set) var seed: UInt64?

    init(
        workerCount: Int = 1, isPrepared: Bool = true, isPacked: Bool = true, isSupervised: Bool = false,
        isMeasured: Bool = false, _ deviations: [Deviation] = [], ending: Ending = .gone
    ) {
        self.workerCount = workerCount
        self.isPrepared = isPrepared
        self.isPacked = isPacked
        self.isSupervised = isSupervised
        self.isMeasured = isMeasured
        self.deviations = deviations
        self.ending = ending
    }

    init(seed: UInt64) {
        self.seed = seed
        var random = SeededGenerator(seed: seed)
        workerCount = random.roll(1...2)
        isPrepared = random.roll(0...9) > 2
        isPacked = random.roll(0...9) > 2
        isSupervised = random.once(in: 4)
        isMeasured = random.once(in: 16)
        // Others take seconds.
        ending = random.once(in: 16) ? .silent : isSupervised || random.once(in: 2) ? .gone : .stopped
        for _ in 0..<random.roll(1...4) {
            let place = Place.drawn(in: self, &random)
            deviations.append(Deviation(place, Action.drawn(at: place.type, &random)))
        }
    }

    /// What workers must have in common to be used for several histories.
    struct Setting: Hashable {
        let workerCount: Int
        let isMeasured: Bool
    }

    var setting: Setting { Setting(workerCount: workerCount, isMeasured: isMeasured) }

    /// What makes it again.
    var name: String { seed.map { "History(seed: \($0))" } ?? description }

    /// Swift that makes it, without a seed.
    var description: String {
        "History(workerCount: \(workerCount), isPrepared: \(isPrepared), isPacked: \(isPacked), isSupervised: \(isSupervised), "
            + "isMeasured: \(isMeasured), \(deviations), ending: .\(ending))"
    }

    /// It without one of its parts, each in turn.
    var shorter: [History] {
        var shorter: [History] = []
        for index in deviations.indices {
            var history = self
            history.deviations.remove(at: index)
            shorter.append(history)
        }
        for (change, value) in [
            (\History.isSupervised, false), (\.isMeasured, false), (\.isPrepared, true), (\.isPacked, true),
        ] {
            var history = self
            history[keyPath: change] = value
            if history != self { shorter.append(history) }
        }
        if workerCount > 1, deviations.allSatisfy({ $0.place.worker == 0 && $0.place.role != .link }) {
            var history = self
            history.workerCount = 1
            shorter.append(history)
        }
        return shorter
    }
}
