// SPDX-License-Identifier: MIT

package import BitNetCore

/// What one worker brings to a plan.
package struct WorkerOffer: Equatable, Sendable {
    package var name: String
    /// host:port.
    package var address: String
    /// Memory that a stage may take there: the lower of what the worker reports and the operator's cap, within
    /// `Limits.machineMemoryBytesMax`.
    package var memoryByteCount: UInt64
    /// The layers that the operator chose; `nil` leaves the choice to the planner.
    package var assignedLayers: LayerRange?
    /// A spare gets no stage until it has to replace another worker.
    package var isSpare: Bool
    /// Stages that it can serve at once.
    package var stagesMax: Int
    /// What the model's parts take in memory there, as the worker counts it; `nil` leaves it at the model's
    /// estimate.
    package var memoryCost: MemoryCost?
    /// What the worker was measured to do with the model, or is assumed to.
    package var profile: WorkerProfile?

    package init(
        name: String, address: String, memoryByteCount: UInt64, assignedLayers: LayerRange? = nil,
        isSpare: Bool = false, stagesMax: Int = 1, memoryCost: MemoryCost? = nil,
        profile: WorkerProfile? = nil
    ) {
        self.name = name
        self.address = address
        self.memoryByteCount = min(memoryByteCount, Limits.machineMemoryBytesMax)
        self.assignedLayers = assignedLayers
        self.isSpare = isSpare
        self.stagesMax = stagesMax
        self.memoryCost = memoryCost
        self.profile = profile
    }
}
