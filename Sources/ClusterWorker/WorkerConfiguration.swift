// SPDX-License-Identifier: MIT
import BitNetCore
package import BitNetEngine
package import ClusterTransport

/// What the operator told this worker.
package struct WorkerConfiguration: Sendable {
    /// `host:port`.
    package var listen: String
    package var dataDirectory: String
    /// How this worker calls itself in messages.
    package var name: String
    /// Whether the operator has given it that name, by which workers.yaml must know it then.
    package var isNamed = false
    /// The cluster that this worker belongs to; `nil` follows the first coordinator that knows the key.
    package var cluster: String?
    package var credentials: Credentials
    package var threadCount: Int
    /// Memory that a stage may take, bytes.
    package var memoryByteCount: UInt64
    package var kernels: Kernels
    /// Bytes that parts may take on disk; `nil` for what the disk holds.
    package var storeQuotaByteCount: UInt64?
    /// How long weights stay in memory that no coordinator uses.
    package var linger = Limits.linger
    /// How long a coordinator may be silent before others may have this worker.
    package var lossTimeout = Limits.lossTimeout
    /// Whether each compute thread keeps a processor of its own.
    package var pinsThreads = false

    package init(
        listen: String, dataDirectory: String, name: String, cluster: String?, credentials: Credentials,
        threadCount: Int, memoryByteCount: UInt64, kernels: Kernels
    ) {
        self.listen = listen
        self.dataDirectory = dataDirectory
        self.name = name
        self.cluster = cluster
        self.credentials = credentials
        self.threadCount = threadCount
        self.memoryByteCount = memoryByteCount
        self.kernels = kernels
    }
}

/// Trouble on this worker, in words that reach the coordinator.
package struct WorkerError: RemediableError, Equatable {
    package let message: String

    package init(_ message: String) {
        self.message = message
    }
}
