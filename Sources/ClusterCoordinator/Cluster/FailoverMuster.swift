// SPDX-License-Identifier: MIT
import BitNetCore

/// Decides how long a lost cluster's workers are waited for before others take over what is missing.
package struct FailoverMuster: Equatable, Sendable {
    /// Those that served.
    package let standing: Set<String>
    /// Those of them that were seen to go.
    package let lost: Set<String>
    /// All others of the cluster file.
    package let others: Set<String>
    package private(set) var joined: Set<String> = []
    /// Those that refused, or were waited for in vain, last time.
    package private(set) var absent: Set<String> = []

    package init(standing: Set<String>, lost: Set<String>, others: Set<String>) {
        self.standing = standing
        self.lost = lost
        self.others = others
    }

    package mutating func join(_ worker: String) {
        absent.remove(worker)
        joined.insert(worker)
    }

    /// - Returns: after how long it is asked again, as others may be waited for so long that it is back before them.
    package mutating func leave(_ worker: String) -> Duration {
        joined.remove(worker)
        absent.insert(worker)
        return Limits.failoverRetryInterval
    }

    /// Whether nobody comes any more.
    package var isOver: Bool { joined.union(absent).isSuperset(of: standing.union(others)) }

    /// Whether somebody is waited for rather than that those are tried once more who could not do it last time.
    ///
    /// - Parameter time: since the first was asked.
    package func isPatient(after time: Duration) -> Bool { !isOver && time < Limits.failoverGrace }

    /// Whether it is time to look who can take over what.
    ///
    /// - Parameter time: since the first was asked.
    package func isDue(after time: Duration) -> Bool {
        if joined.isSuperset(of: standing) { return true }
        let awaited = standing.subtracting(lost).subtracting(absent)
        guard joined.isSuperset(of: awaited) || time >= Limits.failoverGrace else { return false }
        return joined.isSuperset(of: others.subtracting(absent)) || time >= Limits.failoverSpareGrace
    }
}
