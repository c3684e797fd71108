// SPDX-License-Identifier: MIT
package import AdminAPI
package import BitNetCore

/// Where a serving coordinator stands: what has come up, what was lost.
package struct ServingState: Equatable, Sendable {
    package enum Phase: Equatable, Sendable {
        case starting
        case serving
        /// A pipeline was lost, and its sequences wait for the next one.
        case recovering(reason: String)
        /// Nobody waits any more.
        case down(reason: String)
    }

    /// One worker of the cluster file, as far as it has come.
    package struct Worker: Equatable, Sendable {
        package let name: String
        package let address: String
        package var state = StageStatus.State.waiting
        package var isa: String?
        package var threadCount: Int?
        /// Of what it is busy with, 0...1.
        package var progress: Double?

        package init(name: String, address: String) {
            self.name = name
            self.address = address
        }
    }

    package private(set) var phase = Phase.starting
    package private(set) var isDraining = false
    package private(set) var workers: [Worker]
    /// In the order of their names.
    package private(set) var spares: [SpareStatus] = []
    /// The latest first.
    package private(set) var failures: [FailureRecord] = []
    /// Times that a pipeline began to serve.
    package private(set) var startCount: UInt64 = 0
    /// Times that one was lost.
    package private(set) var lossCount: UInt64 = 0
    private var lostAt: Double?

    package init(workers: [Worker]) {
        self.workers = workers
    }

    /// Workers that answer.
    package var joinedCount: Int { workers.count { $0.state != .waiting && $0.state != .lost } }

    package mutating func apply(_ event: ClusterEvent) {
        switch event {
        case .found(let found):
            workers = found.map { name, address in
                workers.first { $0.name == name && $0.address == address }
                    ?? Worker(name: name, address: address)
            }
        case .joined(let worker, let isa, let threadCount):
            change(worker) {
                $0.state = .joined
                $0.isa = isa
                $0.threadCount = threadCount
            }
        case .shipping(let progress):
            change(progress.worker) {
                $0.state = progress.isLast ? .loading : .receiving
                let done = progress.sentByteCount + progress.presentByteCount
                $0.progress =
                    progress.isLast ? nil : min(Double(done) / Double(max(progress.totalByteCount, 1)), 1)
            }
        case .ready(let worker, _, _, _):
            change(worker) {
                $0.state = .serving
                $0.progress = nil
            }
        case .standingBy(let worker, let layers, let byteCount, _):
            note(SpareStatus(worker: worker, layers: [layers.first, layers.end - 1], memoryBytes: byteCount))
        case .notStandingBy(let worker, let reason): note(SpareStatus(worker: worker, reason: reason))
        default: break
        }
    }

    private mutating func note(_ spare: SpareStatus) {
        spares.removeAll { $0.worker == spare.worker }
        spares.append(spare)
        spares.sort { $0.worker < $1.worker }
    }

    /// The pipeline runs.
    ///
    /// - Parameter time: seconds since 1970.
    package mutating func serve(at time: Double) {
        phase = .serving
        startCount += 1
        if let lostAt, !failures.isEmpty { failures[0].outageSeconds = max(time - lostAt, 0) }
        lostAt = nil
    }

    /// The pipeline, or the way to one, came to an end.
    ///
    /// - Parameters:
    ///   - worker: whose fault it was, if it is known.
    ///   - sequenceCount: sequences that it held.
    ///   - time: seconds since 1970.
    /// - Returns: `false` if an attempt to come back has failed as the one before it.
    @discardableResult
    package mutating func lose(
        _ reason: String, worker: String?, sequenceCount: Int, at time: Double
    ) -> Bool {
        let wasServing = phase == .serving
        if wasServing { lossCount += 1 }
        spares = []
        switch phase {
        case .serving, .recovering: phase = .recovering(reason: reason)
        case .starting, .down: phase = .down(reason: reason)
        }
        for index in workers.indices {
            workers[index].state = workers[index].name == worker ? .lost : .waiting
            workers[index].progress = nil
        }
        lostAt = lostAt ?? time
        // Trying in vain to come back again and again is one failure.
        if !wasServing, failures.first?.message == reason { return false }
        failures.insert(
            FailureRecord(time: time, worker: worker, message: reason, lostSequenceCount: sequenceCount),
            at: 0)
        failures = Array(failures.prefix(Limits.statusFailuresMax))
        return true
    }

    /// The pipeline is let go for another one, which is no failure.
    package mutating func move(_ reason: String) {
        phase = .recovering(reason: reason)
        spares = []
        for index in workers.indices {
            workers[index].state = .waiting
            workers[index].progress = nil
        }
    }

    /// Whoever waits for the next pipeline has waited long enough.
    ///
    /// - Returns: why the last one was lost; `nil` if nobody waits.
    package mutating func giveUp() -> String? {
        guard case .recovering(let reason) = phase else { return nil }
        phase = .down(reason: reason)
        return reason
    }

    /// - Returns: whether that changed anything.
    package mutating func drain(_ isDraining: Bool) -> Bool {
        defer { self.isDraining = isDraining }
        return self.isDraining != isDraining
    }

    /// - Parameters:
    ///   - sinceLastToken: since a token crossed every stage.
    ///   - sinceStart: since the present pipeline began to serve.
    ///   - stepTime: for how long the oldest step under way is waited for; `nil` if there is none. One that takes too
    ///     long for what it holds ends the pipeline, so that whoever waits for a step that is not late gets his token.
    package func health(
        sinceLastToken: Duration?, sinceStart: Duration? = nil, stepTime: Duration? = nil
    ) -> ServiceHealth {
        switch phase {
        case .starting:
            return ServiceHealth(
                state: .starting, reason: "the stages are being brought up", isHealthy: false)
        case .recovering(let reason):
            return ServiceHealth(
                state: .recovering, reason: "other stages are being brought up: \(reason)",
                sinceLastToken: sinceLastToken, isHealthy: false)
        case .down(let reason):
            return ServiceHealth(
                state: .down, reason: reason, sinceLastToken: sinceLastToken, isHealthy: false)
        case .serving:
            let rest = [sinceLastToken, sinceStart].compactMap { $0 }.min()
            let isHealthy =
                stepTime.map { $0 <= Limits.stepTimeout } ?? rest.map { $0 <= Limits.healthWindow } ?? false
            var reason: String?
            if !isHealthy {
                let time = sinceLastToken.map { "for \($0.seconds.text(places: 0)) s" } ?? "yet"
                reason = "no token has crossed every stage \(time)"
            } else if isDraining {
                reason = "the operator is draining the service; requests that run are finished"
            }
            return ServiceHealth(
                state: isDraining ? .draining : .serving, reason: reason, sinceLastToken: sinceLastToken,
                isHealthy: isHealthy)
        }
    }

    private mutating func change(_ name: String, _ body: (inout Worker) -> Void) {
        guard let index = workers.firstIndex(where: { $0.name == name }) else { return }
        body(&workers[index])
    }
}
