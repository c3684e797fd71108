// SPDX-License-Identifier: MIT

/// What a stage takes of a worker's memory, bytes.
package struct StageMemory: Equatable, Sendable {
    /// Weights in their resident layout, embedding and head.
    package var weights: UInt64
    /// Keys and values, and hops that are kept, once every slot is full.
    package var cache: UInt64
    /// Working memory of the largest step.
    package var scratch: UInt64

    package init(weights: UInt64, cache: UInt64, scratch: UInt64) {
        self.weights = weights
        self.cache = cache
        self.scratch = scratch
    }

    package var total: UInt64 { weights + cache + scratch }
}
