// SPDX-License-Identifier: MIT
import TestSupport

/// What befalls a cluster, and for how long.
package struct Fault: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// The process dies, its machine stays; it is started again at the end.
        case killed(worker: Int)
        /// The machine loses its power.
        case off(worker: Int)
        /// As `off`, and what was on its disk is gone.
        case wiped(worker: Int)
        /// The process dies, and is started in another release before it is in the right one.
        case otherVersion(worker: Int)
        /// The process dies and is started, again and again.
        case flapping(worker: Int, millis: Int)
        /// The process is stopped and goes on.
        case paused(worker: Int)
        /// The stage's thread hangs, and all else goes on.
        case stuck(worker: Int)
        /// Nothing goes from one host to another.
        case cut(from: Int, to: Int)
        /// Nothing goes to a host, or from it.
        case isolated(host: Int)
        case slow(from: Int, to: Int, micros: Int)
        case diskFull(worker: Int)
        /// Bits are turned over in what arrives, or in what is on the disk.
        case flipped(worker: Int, count: Int)
        case coordinatorKilled
        case coordinatorOff
        case coordinatorPaused
        /// Somebody starts another coordinator with the same workers.
        case secondCoordinator
        /// The first coordinator is cut off, and somebody starts another one meanwhile.
        case supplanted
        /// The operator has a worker drained, and takes that back.
        case drained(worker: Int)
        /// The operator has all layers divided anew.
        case replanned
    }

    let kind: Kind
    let begin: Duration
    let duration: Duration

    package init(_ kind: Kind, at begin: Duration, for duration: Duration) {
        self.kind = kind
        self.begin = begin
        self.duration = duration
    }

    /// - Parameter others: what befalls the cluster as well; the worst comes while it recovers from something else.
    init(_ random: inout SeededGenerator, workerCount: Int, beside others: [Fault]) {
        if let other = others.last, random.once(in: 2) {
            let start = random.once(in: 2) ? other.begin : other.end
            begin = start + .milliseconds(random.once(in: 2) ? random.roll(0...400) : random.roll(0...4000))
        } else {
            begin = .milliseconds(random.roll(400...14_000))
        }
        let duration = Self.durations[random.roll(0...3)](&random)
        let worker = random.roll(0...workerCount - 1)
        let other = random.roll(0...workerCount)
        let kind: Kind =
            switch random.roll(0...26) {
            case 0...3: .killed(worker: worker)
            case 4, 5: .off(worker: worker)
            case 6: .wiped(worker: worker)
            case 7: .otherVersion(worker: worker)
            case 8, 9: .paused(worker: worker)
            case 10: .stuck(worker: worker)
            case 11, 12: .cut(from: worker, to: (worker + 1) % workerCount)
            case 13: random.once(in: 2) ? .cut(from: other, to: worker) : .cut(from: worker, to: other)
            case 14: .isolated(host: other)
            case 15: .slow(from: worker, to: other, micros: random.roll(1000...300_000))
            case 16: .diskFull(worker: worker)
            case 17: .flipped(worker: worker, count: random.roll(1...4))
            case 18: .coordinatorKilled
            case 19: .coordinatorOff
            case 20: .coordinatorPaused
            case 21: .secondCoordinator
            case 22: .drained(worker: worker)
            case 23, 24: .flapping(worker: worker, millis: random.roll(300...2500))
            case 25: .supplanted
            default: .replanned
            }
        self.kind = kind
        // So often that a request may be under way at several of its ends.
        if case .flapping(_, let millis) = kind {
            self.duration = .milliseconds(millis * random.roll(2...24))
        } else {
            self.duration = duration
        }
    }

    /// From what nobody notices to what nobody waits for.
    private static let durations: [@Sendable (inout SeededGenerator) -> Duration] = [
        { .milliseconds($0.roll(10...900)) }, { .milliseconds($0.roll(500...4000)) },
        { .milliseconds($0.roll(2500...9000)) }, { .milliseconds($0.roll(9000...140_000)) },
    ]

    var end: Duration { begin + duration }
}
