// SPDX-License-Identifier: MIT

import BitNetCore
package import ClusterWire

/// The stages that a worker is given, one assignment after the other, until all are there.
package struct AssignmentCollection: Equatable, Sendable {
    private var collected: [Assignment] = []

    package init() {}

    /// One more has come; in which order is all the same.
    ///
    /// - Returns: all, in the order of their stages, once they are there; what comes then is the first of others.
    /// - Throws: ``WireError`` if it does not fit those before; they are forgotten.
    package mutating func add(_ assignment: Assignment) throws(WireError) -> [Assignment]? {
        var all = collected + [assignment]
        collected = []
        if let first = all.first, !all.allSatisfy({ $0.fits(first) }) {
            throw WireError(.limit, "the assignments of one worker are of different pipelines")
        }
        guard Set(all.map(\.stageIndex)).count == all.count else {
            throw WireError(.limit, "stage \(assignment.stageIndex) was assigned twice")
        }
        guard all.count == assignment.workerStageCount else {
            collected = all
            return nil
        }
        all.sort { $0.stageIndex < $1.stageIndex }
        return all
    }
}

extension Assignment {
    fileprivate func fits(_ other: Assignment) -> Bool {
        workerStageCount == other.workerStageCount && stageCount == other.stageCount
            && settings == other.settings && states == other.states
    }
}
