// SPDX-License-Identifier: MIT

/// A worker without layers that stands by, or should.
package struct SpareStatus: Codable, Equatable, Sendable {
    package var worker: String
    /// The first and the last layer that it holds in memory; absent while it holds none.
    package var layers: [Int]?
    /// Weights, KV cache and scratch that it holds, bytes.
    package var memoryBytes: UInt64?
    /// Why it does not stand by, for people.
    package var reason: String?
    /// Whether the operator wants it to have no layers; absent if not.
    package var isDrained: Bool?

    package init(
        worker: String, layers: [Int]? = nil, memoryBytes: UInt64? = nil, reason: String? = nil,
        isDrained: Bool? = nil
    ) {
        self.worker = worker
        self.layers = layers
        self.memoryBytes = memoryBytes
        self.reason = reason
        self.isDrained = isDrained
    }
}
