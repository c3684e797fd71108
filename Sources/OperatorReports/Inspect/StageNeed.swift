// SPDX-License-Identifier: MIT
package import BitNetCore
import BitNetEngine
package import BitNetFormats
import ClusterCoordinator
import ClusterPlanning

/// What one stage of a model takes on its worker.
package struct StageNeed: Equatable, Sendable {
    package let layers: LayerRange
    /// Bytes that are sent to the worker and stay on its disk.
    package let wireByteCount: UInt64
    package let memory: StageMemory

    package init(layers: LayerRange, wireByteCount: UInt64, memory: StageMemory) {
        self.layers = layers
        self.wireByteCount = wireByteCount
        self.memory = memory
    }

    /// What a worker takes for itself, program text included; measured with a model of two megabytes.
    static let processByteCount: UInt64 = 32_000_000

    /// Resident bytes of the worker once every slot has been full.
    var residentByteCount: UInt64 { memory.total + Self.processByteCount }

    /// The stages on `workers` workers of equal speed and enough memory.
    ///
    /// - Throws: why they cannot be planned.
    package static func all(
        of model: ModelFile, workers: Int, _ settings: StageSettings, on machine: StageMachine
    ) throws -> [StageNeed] {
        let offers = (0..<workers).map {
            WorkerOffer(name: "\($0)", address: "", memoryByteCount: .max / 2)
        }
        let account = model.account(settings, on: machine)
        let plan = try StagePlanner.plan(
            cost: ModelCost(of: model, segmentLayers: settings.placedLayers), workers: offers)
        return plan.stages.map { stage in
            StageNeed(
                layers: stage.layers, wireByteCount: stage.wireByteCount,
                memory: account.memory(of: stage.layers))
        }
    }
}
