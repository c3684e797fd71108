// SPDX-License-Identifier: MIT
package import BitNetCore
package import ClusterCoordinator

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
    }

    package let generator: Generator
    package let stages: [Stage]
    /// Sequences at a time.
    package let slotCount: Int
    /// Tokens that a sequence may hold.
    package let contextLength: Int
}
