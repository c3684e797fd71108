// SPDX-License-Identifier: MIT

extension WorkerSessionMachine {
    /// What becomes of a coordinator's request.
    package enum Verdict: Equatable, Sendable {
        /// It is due: do it.
        case proceed
        /// It is out of turn: report that; the coordinator decides what follows.
        case report(String)
        /// Nobody waits for it any more.
        case drop
    }

    /// What follows when the disk was looked through.
    package enum Check: Equatable, Sendable {
        /// Say what is there, and take the rest.
        case await
        /// Say that all is there, and load the stage.
        case load
        /// Nobody waits for it any more.
        case drop
    }
}
