// SPDX-License-Identifier: MIT

/// A worker's life with one coordinator after another.
///
/// A worker belongs to the session whose control connection came first, until that connection ends and
/// everything that it had set up is gone; others are told who holds it. Each event that is not due is the
/// coordinator's fault and is reported to it; events of a session that is over are dropped.
package struct WorkerSessionMachine: Equatable, Sendable {
    package enum Phase: Equatable, Sendable {
        case idle
        /// Held, without a stage; parts may come already.
        case held
        /// The stage is known; the disk is looked through.
        case checking
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
    /// Parts that are looked for, arriving or being checked.
    private var openPartCount = 0
    /// Something is measured for the coordinator.
    private var isMeasuring = false

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
        case .held, .checking, .receiving, .loading, .serving:
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

    /// The coordinator of `session` offers a part.
    ///
    /// - Returns: `nil` if it may come, until ``partClosed(session:)``; else why not.
    package mutating func partOffered(session: UInt64) -> String? {
        guard session == self.session, isAlive else { return "the session is over" }
        guard phase == .held || phase == .receiving else {
            return "worker \(worker) was offered a part, but all of its stage's are there"
        }
        openPartCount += 1
        return nil
    }

    /// A part that was offered is in the store, or its transfer has ended otherwise.
    package mutating func partClosed(session: UInt64) {
        // A coordinator that comes back under its old number may find parts of its first visit ending.
        guard session == self.session, openPartCount > 0 else { return }
        openPartCount -= 1
    }

    /// The coordinator wants this worker, or the ways from it, measured.
    ///
    /// - Returns: `.measure`, which ends with ``measured(session:)``. One at a time, as each takes memory and all
    ///   threads, and only while no stage computes.
    package mutating func measurementWanted() -> Directive? {
        guard isAlive else { return nil }
        guard phase == .held else { return .report("worker \(worker) measures nothing once it has a stage") }
        guard !isMeasuring else { return .report("worker \(worker) is being measured already") }
        isMeasuring = true
        return .measure
    }

    /// The measurement for the coordinator of `session` has ended, and will be told next.
    package mutating func measured(session: UInt64) {
        if session == self.session { isMeasuring = false }
    }

    /// The coordinator has given this worker its stage.
    package mutating func assigned() -> Directive? {
        guard isAlive else { return nil }
        guard phase == .held else { return .report("worker \(worker) has a stage already") }
        guard openPartCount == 0 else {
            return .report("worker \(worker) was given its stage while parts were still on their way")
        }
        phase = .checking
        return .check
    }

    /// The disk was looked through for the stage's parts.
    package mutating func checked(missingPartCount: Int) -> Directive? {
        guard isAlive else { return nil }
        precondition(phase == .checking, "checked in \(phase)")
        phase = missingPartCount == 0 ? .loading : .receiving
        return missingPartCount == 0 ? .load : nil
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
        openPartCount = 0
        isMeasuring = false
    }

    private var isAlive: Bool { phase != .idle && phase != .releasing }
}
