// SPDX-License-Identifier: MIT

package import BitNetCore

/// What one worker brings to a plan.
package struct WorkerOffer: Equatable, Sendable {
    package var name: String
    /// host:port.
    package var address: String
    /// Memory that a stage may take there: the lower of what the worker reports and the operator's cap.
    package var memoryByteCount: UInt64
    /// The layers that the operator chose; `nil` leaves the choice to the planner.
    package var assignedLayers: LayerRange?
    /// A spare gets no stage until it has to replace another worker.
    package var isSpare: Bool

    package init(
        name: String, address: String, memoryByteCount: UInt64, assignedLayers: LayerRange? = nil,
        isSpare: Bool = false
    ) {
        self.name = name
        self.address = address
        self.memoryByteCount = memoryByteCount
        self.assignedLayers = assignedLayers
        self.isSpare = isSpare
    }
}
