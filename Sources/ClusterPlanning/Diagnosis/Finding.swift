// SPDX-License-Identifier: MIT

/// Something that an operator should know of a cluster.
package struct Finding: Equatable, Sendable {
    package enum Severity: String, Comparable, Sendable {
        /// Good to know; nothing is wrong.
        case note
        /// It works, but worse than it could, or not for long.
        case warning
        /// The cluster cannot serve with it.
        case failure

        package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .note: 0
            case .warning: 1
            case .failure: 2
            }
        }
    }

    package var severity: Severity
    /// `nil` for the cluster as a whole and for the examiner's machine.
    package var worker: String?
    /// What is the matter.
    package var summary: String
    /// What to do about it.
    package var remedy: String

    package init(_ severity: Severity, _ worker: String?, _ summary: String, remedy: String) {
        self.severity = severity
        self.worker = worker
        self.summary = summary
        self.remedy = remedy
    }
}
