// SPDX-License-Identifier: MIT
package import BitNetCore
package import ClusterPlanning

/// What can be seen of one stage's worker from outside, at one moment.
package struct StageObservation: Equatable, Sendable {
    package var worker: String
    package var address: String
    package var layers: LayerRange
    package var isLost = false
    /// Weights, KV cache and scratch, bytes.
    package var memoryByteCount: UInt64?
    package var memoryLimitByteCount: UInt64?
    package var coreCount: Int?
    package var threadCount: Int?
    package var isa: String?
    package var build: String?
    /// Processor time of its process since it started, microseconds.
    package var processorMicros: UInt64?
    package var residentByteCount: UInt64?
    package var availableMemoryByteCount: UInt64?
    package var diskFreeByteCount: UInt64?
    /// Share of processor time that other virtual machines took, 0...1.
    package var stealFraction: Double?
    package var heartbeatRoundTrip: Duration?
    /// The way that brings its input.
    package var link: LinkProfile?

    package init(worker: String, address: String, layers: LayerRange) {
        self.worker = worker
        self.address = address
        self.layers = layers
    }
}
