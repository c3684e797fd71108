// SPDX-License-Identifier: MIT

import BitNetCore

/// How many sequences at a time memory is kept for when nobody says.
package enum SlotCounts {
    /// Tried in this order until the model fits beside them.
    package static let automatic = [Limits.defaultSlotsMax, 12, 8, 6, 4, 3, 2, 1]

    /// The first of the counts that `attempt` takes.
    ///
    /// - Parameter wanted: tried alone if there is one.
    /// - Throws: why even the least does not fit, or at once what is not about memory.
    package static func first<Result>(
        wanted: Int?, _ attempt: (Int) throws(PlanError) -> Result
    ) throws(PlanError) -> (slotCount: Int, result: Result) {
        let counts = wanted.map { [$0] } ?? automatic
        for slotCount in counts.dropLast() {
            do throws(PlanError) {
                return (slotCount, try attempt(slotCount))
            } catch {
                guard error.code == .memory else { throw error }
            }
        }
        let least = counts[counts.count - 1]
        return (least, try attempt(least))
    }
}
