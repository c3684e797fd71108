// SPDX-License-Identifier: MIT
import BitNetCore

/// Trouble with one worker or with the cluster as a whole.
package struct ClusterError: RemediableError, Equatable {
    /// What kind of trouble it is.
    package enum Code: Equatable, Sendable {
        /// The worker did not come up in time.
        case join
        /// The worker refused the coordinator.
        case refused
        /// The worker died, or fell silent.
        case lost
        /// The worker reported that it cannot go on.
        case fault
        /// A worker reported that its neighbour is gone: the neighbour's own loss says more, if it comes.
        case link
        /// A step did not come back.
        case stalled
        /// Another coordinator has the workers now.
        case takenOver
        /// The request cannot be carried out as it stands.
        case configuration

        /// Whether it may well be over at the next attempt.
        package var mayPass: Bool { self == .lost || self == .link || self == .stalled }
    }

    package let code: Code
    package let message: String
    /// Whose trouble it is, by name, if it is one worker's.
    package var worker: String?

    package init(_ code: Code, _ message: String, worker: String? = nil) {
        self.code = code
        self.message = message
        self.worker = worker
    }
}
