// SPDX-License-Identifier: MIT
package import AdminAPI
package import BitNetCore
package import TextGeneration

/// Stages that run, on workers or in this process, and what writes text with them.
package struct RunningPipeline: Sendable {
    /// One stage, for reports.
    package struct Stage: Sendable {
        /// The worker's name, or `local`.
        package let worker: String
        package let layers: LayerRange
        /// Bytes that a decoded token reads, the KV cache not counted.
        package let readByteCount: UInt64
        package let threadCount: Int
        /// The kernels' instruction set.
        package let isa: String
        /// Speed at which its machine reads memory; `nil` if it was not measured.
        package let readBytesPerSecond: Double?

        package init(
            worker: String, layers: LayerRange, readByteCount: UInt64, threadCount: Int, isa: String,
            readBytesPerSecond: Double?
        ) {
            self.worker = worker
            self.layers = layers
            self.readByteCount = readByteCount
            self.threadCount = threadCount
            self.isa = isa
            self.readBytesPerSecond = readBytesPerSecond
        }
    }

    package let generator: Generator
    package let stages: [Stage]
    /// Sequences at a time, context and what is expected.
    package let plan: PlanDocument
    /// The stages' workers as they are now; called once a second.
    package let observe: @Sendable () -> [StageObservation]

    package init(
        generator: Generator, stages: [Stage], plan: PlanDocument,
        observe: @escaping @Sendable () -> [StageObservation]
    ) {
        self.generator = generator
        self.stages = stages
        self.plan = plan
        self.observe = observe
    }

    /// Sequences at a time.
    package var slotCount: Int { plan.slots }
    /// Tokens that a sequence may hold.
    package var contextLength: Int { plan.contextLength }
}
