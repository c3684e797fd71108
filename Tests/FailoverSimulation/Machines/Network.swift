// SPDX-License-Identifier: MIT
import BitNetCore
import TestSupport

/// Hosts, and the ways between them, each direction for itself.
final class Network {
    struct Path {
        var latency: Duration
        /// Reasons why nothing gets through.
        var blockCount = 0
        /// What waits for that to end.
        var held: [() -> Void] = []
    }

    let timeline: Timeline
    let hostCount: Int
    /// Who listens on each host.
    var listeners: [Program?]
    private var paths: [Path]
    private(set) var isUp: [Bool]
    /// What is to happen when a host is up again.
    private var whenUp: [[() -> Void]]
    private var random: SeededGenerator

    /// - Parameter latency: of the ways, the shortest and the longest.
    init(hostCount: Int, latency: ClosedRange<Duration>, timeline: Timeline, seed: UInt64) {
        self.timeline = timeline
        self.hostCount = hostCount
        listeners = Array(repeating: nil, count: hostCount)
        isUp = Array(repeating: true, count: hostCount)
        whenUp = Array(repeating: [], count: hostCount)
        var random = SeededGenerator(seed: seed)
        paths = (0..<hostCount * hostCount).map { _ in
            let micros = latency.lowerBound.micros...latency.upperBound.micros
            return Path(latency: .microseconds(Int64.random(in: micros, using: &random)))
        }
        self.random = random
    }

    /// Forgets who is there.
    func end() {
        for program in listeners { program?.die(isSilent: true) }
        listeners = []
        paths = []
        whenUp = []
    }

    // MARK: What befalls it

    func block(from: Int, to: Int) { paths[from * hostCount + to].blockCount += 1 }

    func unblock(from: Int, to: Int) {
        let index = from * hostCount + to
        paths[index].blockCount -= 1
        guard paths[index].blockCount == 0 else { return }
        let held = paths[index].held
        paths[index].held = []
        for body in held { body() }
    }

    func slow(from: Int, to: Int, by latency: Duration) {
        paths[from * hostCount + to].latency += latency
    }

    func turnOff(_ host: Int) { isUp[host] = false }

    func turnOn(_ host: Int) {
        isUp[host] = true
        let bodies = whenUp[host]
        whenUp[host] = []
        for body in bodies { body() }
    }

    /// Whether something gets through both ways.
    func isOpen(between one: Int, _ other: Int) -> Bool {
        isOpen(from: one, to: other) && isOpen(from: other, to: one)
    }

    func isOpen(from: Int, to: Int) -> Bool { paths[from * hostCount + to].blockCount == 0 }

    // MARK: What goes over it

    /// Lets `body` happen at the other end, after what went before on the same connection.
    ///
    /// - Parameter last: when that arrives.
    func carry(from: Int, to: Int, after last: inout Int64, _ body: @escaping () -> Void) {
        let index = from * hostCount + to
        let jitter = Int64(random.roll(0...40))
        last = max(last, timeline.micros + paths[index].latency.micros + jitter)
        timeline.at(last) { [self] in
            if paths.isEmpty { return }
            if paths[index].blockCount > 0 { paths[index].held.append(body) } else { body() }
        }
    }

    /// Lets `body` happen once the host is up, as nothing is sent by one that is not.
    func whenUp(_ host: Int, _ body: @escaping () -> Void) {
        if isUp[host] { body() } else { whenUp[host].append(body) }
    }

    /// Whether of what has come to a program that was stopped its own clocks are first.
    func areTimersFirst() -> Bool { random.once(in: 2) }

    enum Attempt {
        case connected(End)
        /// The machine is there, and nobody listens.
        case refused
        case noAnswer
    }

    /// - Parameter then: called once, within `Limits.connectTimeout`.
    func connect(_ program: Program, to host: Int, _ then: @escaping (Attempt) -> Void) {
        var isOver = false
        func end(_ attempt: Attempt) {
            if isOver {
                if case .connected(let late) = attempt { late.close() }
                return
            }
            isOver = true
            then(attempt)
        }
        program.after(Limits.connectTimeout) { end(.noAnswer) }
        var (there, back): (Int64, Int64) = (0, 0)
        carry(from: program.host, to: host, after: &there) { [self] in
            guard isUp[host], program.isAlive else { return }
            guard let listener = listeners[host], listener.isAlive else {
                return carry(from: host, to: program.host, after: &back) { program.run { end(.refused) } }
            }
            let (mine, theirs) = End.pair(program, listener)
            listener.run { if theirs.isOpen { listener.accept(theirs) } }
            carry(from: host, to: program.host, after: &back) { program.run { end(.connected(mine)) } }
        }
    }
}
