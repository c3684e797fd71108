// SPDX-License-Identifier: MIT

package import BitNetCore

/// Which worker runs which layers.
package struct Plan: Equatable, Sendable {
    /// In the order in which a step travels; together they hold every layer once.
    package var stages: [PlannedStage]
    /// Workers that are neither spares nor used: more of them than layers, too little memory, or so slow that
    /// the others are faster without them.
    package var unused: [String]
    /// What the layers were divided by.
    package var basis: Basis
    /// What the operator should know of it, a sentence each.
    package var notes: [String]

    /// Steps among which the schedule should divide sequences; `nil` leaves it at one for each stage.
    package var groupCount: Int?

    /// What layers are divided by.
    package enum Basis: Equatable, Sendable {
        /// As the operator wrote.
        case assignment
        /// Bytes that a token reads, as if all workers were equally fast, in the file's order.
        case bytes
        /// What workers and links take; in the best of all orders, or in the file's if there are too many.
        case time(inBestOrder: Bool)
    }

    package init(
        stages: [PlannedStage], unused: [String], basis: Basis = .bytes, notes: [String] = [],
        groupCount: Int? = nil
    ) {
        self.stages = stages
        self.unused = unused
        self.basis = basis
        self.notes = notes
        self.groupCount = groupCount
    }
}

extension Plan {
    /// Those with layers, in the order of their first.
    package var workers: [String] {
        var seen: Set<String> = []
        return stages.map(\.worker).filter { seen.insert($0).inserted }
    }

    /// Whether a worker has no layers.
    package func isWithout(_ worker: String) -> Bool { !stages.contains { $0.worker == worker } }
}

/// One stage of a plan.
package struct PlannedStage: Equatable, Sendable {
    package var index: Int
    /// The worker's name.
    package var worker: String
    /// host:port.
    package var address: String
    package var layers: LayerRange
    /// Bytes of the shard's files.
    package var wireByteCount: UInt64
    /// Bytes that the stage reads for each decoded token, the KV cache not counted.
    package var readByteCount: UInt64
    /// Bytes that the stage is expected to take in memory.
    package var memoryByteCount: UInt64

    package init(
        index: Int, worker: String, address: String, layers: LayerRange, wireByteCount: UInt64,
        readByteCount: UInt64,
        memoryByteCount: UInt64
    ) {
        self.index = index
        self.worker = worker
        self.address = address
        self.layers = layers
        self.wireByteCount = wireByteCount
        self.readByteCount = readByteCount
        self.memoryByteCount = memoryByteCount
    }
}
