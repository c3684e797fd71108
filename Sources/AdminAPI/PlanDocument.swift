// SPDX-License-Identifier: MIT

package import BitNetCore

/// `GET /v1/plan`: who serves which layers, and what that should bring.
package struct PlanDocument: Codable, Equatable, Sendable {
    package struct Stage: Codable, Equatable, Sendable {
        package var index: Int
        package var worker: String
        package var address: String
        /// The first and the last layer.
        package var layers: [Int]
        /// Packed weights as they are shipped.
        package var shippedBytes: UInt64
        /// Weights, KV cache and scratch memory.
        package var memoryBytes: UInt64
        package var memoryLimitBytes: UInt64
        /// Time of a step with all slots decoding; absent if it was not measured.
        package var stepMilliseconds: Double?

        package init(
            index: Int, worker: String, address: String, layers: [Int], shippedBytes: UInt64,
            memoryBytes: UInt64,
            memoryLimitBytes: UInt64, stepMilliseconds: Double? = nil
        ) {
            self.index = index
            self.worker = worker
            self.address = address
            self.layers = layers
            self.shippedBytes = shippedBytes
            self.memoryBytes = memoryBytes
            self.memoryLimitBytes = memoryLimitBytes
            self.stepMilliseconds = stepMilliseconds
        }
    }

    /// What is expected of a number of sequences at a time.
    package struct Expectation: Codable, Equatable, Sendable {
        package var sequences: Int
        package var tokensPerSecond: Double

        package init(sequences: Int, tokensPerSecond: Double) {
            self.sequences = sequences
            self.tokensPerSecond = tokensPerSecond
        }
    }

    package var apiVersion = AdminAPI.version
    package var stages: [Stage]
    package var slots: Int
    package var contextLength: Int
    /// As text, so that a program can tell of a coordinator that knows more types than itself.
    package var cacheType: String
    package var prefillChunk: Int
    /// Layers of a segment, at whose end the residual stream is rounded as between workers; 0 for no segments.
    ///
    /// Absent from coordinators that know of none.
    package var segmentLayers: Int?
    /// Digest of all that a text depends on besides its request; absent while nothing is served.
    package var fingerprint: String?
    /// Empty if workers were not measured.
    package var expectations: [Expectation] = []
    /// Which stage bounds the throughput, and why, for people.
    package var bottleneck: String?
    /// Workers that the plan leaves out, for people.
    package var notes: [String] = []

    package init(stages: [Stage], settings: StageSettings) {
        self.stages = stages
        slots = settings.cache.slots
        contextLength = settings.cache.context
        cacheType = settings.cache.type.rawValue
        prefillChunk = settings.prefillChunk
        segmentLayers = settings.segmentLayers
    }
}
