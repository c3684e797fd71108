// SPDX-License-Identifier: MIT
import BitNetCore

/// Who holds a worker: one coordinator after another.
///
/// A worker belongs to the session whose control connection came first, until that session has ended and everything
/// that it had set up is gone; others are told who holds it. One that takes over has it given up, and comes next.
package struct WorkerAdmission: Equatable, Sendable {
    /// A coordinator's session, and how others who ask are told of it.
    private struct Hold: Equatable {
        let session: UInt64
        let holder: String
        let since: ContinuousClock.Instant
    }

    /// A coordinator that has taken over, and for whom the worker is kept for a while.
    private struct Heir: Equatable {
        let session: UInt64
        let name: String
        let until: ContinuousClock.Instant
    }

    private enum Phase: Equatable {
        case idle
        case held(Hold)
        /// The session is over; its stage is being freed.
        case releasing(Hold)
    }

    /// Whether a peer may come in.
    package enum Answer: Equatable, Sendable {
        case admitted
        /// Somebody else holds the worker; the text names who.
        case busy(String)
        /// Nobody will hold it in a moment; the text names who did.
        case releasing(String)
        /// The session that the peer belongs to is not, or no longer, known here.
        case unknownSession(String)
        /// The session that asks holds the worker: it takes one worker for two.
        case joinedAlready(String)
    }

    private let worker: String
    private var phase = Phase.idle
    private var heir: Heir?

    /// - Parameter worker: the worker's name, for messages.
    package init(worker: String) {
        self.worker = worker
    }

    /// Who holds the worker; nobody is an empty text.
    package var holder: String {
        switch phase {
        case .idle: ""
        case .held(let hold), .releasing(let hold): hold.holder
        }
    }

    /// A coordinator has opened a control connection; once admitted, it holds the worker.
    package mutating func controlOpened(
        session: UInt64, holder: String, now: ContinuousClock.Instant
    ) -> Answer {
        if let heir, heir.session != session, now < heir.until {
            return .busy("worker \(worker) was taken over by \(heir.name) just now")
        }
        switch phase {
        case .idle:
            heir = nil
            phase = .held(Hold(session: session, holder: holder, since: now))
            return .admitted
        case .held(let hold) where hold.session == session:
            return .joinedAlready(
                "this is worker \(worker), which \(hold.holder) has joined already under another name; correct the "
                    + "addresses in workers.yaml")
        case .held(let hold):
            return .busy(
                "worker \(worker) is serving \(hold.holder) (for \(hold.since.duration(to: now).span)); stop "
                    + "that coordinator first, or start this one with --take-over, which ends that one's service"
            )
        case .releasing(let hold):
            return .releasing("worker \(worker) is letting go of \(hold.holder); try again in a moment")
        }
    }

    /// A peer has opened any other connection.
    package func dataOpened(session: UInt64) -> Answer {
        guard case .held(let hold) = phase, hold.session == session else {
            return .unknownSession("worker \(worker) does not know this session; has it been restarted?")
        }
        return .admitted
    }

    /// A coordinator wants the worker, whoever holds it.
    ///
    /// - Returns: whether the holder is to be told that it has lost it, and its session ended.
    package mutating func takeOverWanted(
        by session: UInt64, named name: String, now: ContinuousClock.Instant
    ) -> Bool {
        switch phase {
        // There is nobody whom it could be kept from.
        case .idle: return false
        case .held(let hold), .releasing(let hold):
            guard hold.session != session else { return false }
            heir = Heir(session: session, name: name, until: now + Limits.takeOverGrace)
            if case .held = phase { return true }
            return false
        }
    }

    /// The holder's control connection is closed or silent for too long, or it let the worker go: what the session
    /// has set up is freed next, then ``freed()`` is called.
    package mutating func released() {
        guard case .held(let hold) = phase else { preconditionFailure("released in \(phase)") }
        phase = .releasing(hold)
    }

    /// Nothing of the session is left.
    package mutating func freed() {
        guard case .releasing = phase else { preconditionFailure("freed in \(phase)") }
        phase = .idle
    }
}
