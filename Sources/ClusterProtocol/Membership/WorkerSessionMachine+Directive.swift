// SPDX-License-Identifier: MIT

extension WorkerSessionMachine {
    /// Whether a peer may come in.
    package enum Admission: Equatable, Sendable {
        case admitted
        /// Somebody else holds the worker; the text names who.
        case busy(String)
        /// The session that the peer belongs to is not, or no longer, known here.
        case unknownSession(String)
    }

    /// What the worker has to do next.
    package enum Directive: Equatable, Sendable {
        /// Measure, call ``WorkerSessionMachine/measured(session:)``, then say what was found: the coordinator may
        /// ask for the next one at once.
        case measure
        /// Look through the disk for the stage's parts, say what is there, then call
        /// ``WorkerSessionMachine/checked(missingPartCount:)``.
        case check
        /// Load the stage from disk.
        case load
        /// Report that the stage can serve.
        case reportReady
        /// Connect to the next stage's worker.
        case connectNext
        /// Report the fault; the coordinator decides what follows.
        case report(String)
        /// Stop computing, free the stage, close the session's connections; then call
        /// ``WorkerSessionMachine/tornDown()``.
        case tearDown
    }
}
