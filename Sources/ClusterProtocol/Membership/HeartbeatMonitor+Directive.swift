// SPDX-License-Identifier: MIT

extension HeartbeatMonitor {
    /// What the shell has to do now.
    package enum Directive: Equatable, Sendable {
        case sendHeartbeat(sequence: UInt64)
        /// Nothing was heard for `silence`, more than this process's own lateness explains.
        ///
        /// Said once.
        case lost(silence: Duration)
    }
}
