// SPDX-License-Identifier: MIT

/// A worker's life with one coordinator after another.
///
/// A worker belongs to the session whose control connection came first, until that connection ends and
/// everything that it had set up is gone; others are told who holds it. Each event that is not due is the
/// coordinator's fault and is reported to it; events of a session that is over are dropped.
package struct WorkerSessionMachine: Equatable, Sendable {
    package enum Phase: Equatable, Sendable {
        case idle
        /// Held, without a stage.
        case held
        /// Parts of the shard are missing.
        case receiving
        case loading
        case serving
        /// The session is over; its stage is being freed.
        case releasing
    }

    package let worker: String
    package private(set) var phase = Phase.idle
    package private(set) var session: UInt64?
    /// Who holds the worker, for others who ask.
    package private(set) var holder = ""

    /// - Parameter worker: the worker's name, for messages.
    package init(worker: String) {
        self.worker = worker
    }

    /// A coordinator has opened a control connection.
    package mutating func controlOpened(session: UInt64, holder: String) -> Admission {
        switch phase {
        case .idle:
            self.session = session
            self.holder = holder
            phase = .held
            return .admitted
        case .releasing:
            return .busy("worker \(worker) is letting go of \(self.holder); try again in a moment")
        case .held, .receiving, .loading, .serving:
            return .busy(
                "worker \(worker) is serving \(self.holder); stop that coordinator first, or wait until it ends"
            )
        }
    }

    /// A peer has opened any other connection.
    package func dataOpened(session: UInt64) -> Admission {
        guard session == self.session, phase != .releasing else {
            return .unknownSession("worker \(worker) does not know this session; has it been restarted?")
        }
        return .admitted
    }

    /// The coordinator has given this worker its stage, and the disk was looked through.
    package mutating func assigned(missingPartCount: Int) -> Directive? {
        guard isAlive else { return nil }
        guard phase == .held else { return .report("worker \(worker) has a stage already") }
        phase = missingPartCount == 0 ? .loading : .receiving
        return missingPartCount == 0 ? .load : .receive
    }

    /// The last missing part is verified and on disk.
    package mutating func storeCompleted() -> Directive? {
        guard isAlive else { return nil }
        guard phase == .receiving else {
            return .report("worker \(worker) was sent a part that it did not lack")
        }
        phase = .loading
        return .load
    }

    /// The stage is in memory.
    package mutating func loaded() -> Directive? {
        guard isAlive else { return nil }
        precondition(phase == .loading, "loaded in \(phase)")
        phase = .serving
        return .reportReady
    }

    /// The coordinator wants the stages connected.
    package func linkNeeded() -> Directive? {
        guard isAlive else { return nil }
        guard phase == .serving else { return .report("worker \(worker) has no stage to connect yet") }
        return .connectNext
    }

    /// Something broke here: the disk, the stage, the connection to a neighbour.
    package func faulted(_ message: String) -> Directive? {
        isAlive ? .report(message) : nil
    }

    /// The control connection is closed, silent for too long, or the coordinator released the worker.
    package mutating func controlEnded(session: UInt64) -> Directive? {
        guard session == self.session, isAlive else { return nil }
        phase = .releasing
        return .tearDown
    }

    /// Nothing of the session is left.
    package mutating func tornDown() {
        precondition(phase == .releasing, "torn down in \(phase)")
        phase = .idle
        session = nil
        holder = ""
    }

    private var isAlive: Bool { phase != .idle && phase != .releasing }
}
