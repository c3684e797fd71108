// SPDX-License-Identifier: MIT
import BitNetCore

/// Workers that a cluster file does not list, because a name service does.
package struct WorkerDiscovery: Equatable, Sendable {
    /// A name that stands for the addresses of all workers.
    package var name: String
    /// Where each of them listens.
    package var port: UInt16
    /// How many there are at least: a cluster begins with no fewer.
    package var count: Int
    /// The operator's cap on the memory of a stage, for each of them; bytes.
    package var memoryByteCount: UInt64?

    package init(name: String, port: UInt16, count: Int = 1, memoryByteCount: UInt64? = nil) {
        self.name = name
        self.port = port
        self.count = count
        self.memoryByteCount = memoryByteCount
    }
}

extension ClusterFile {
    /// The workers, for what has to know them without asking anybody.
    ///
    /// - Throws: ``ConfigError`` if a name service knows them.
    package func listedWorkers() throws(ConfigError) -> [WorkerEntry] {
        guard let discovery else { return workers }
        throw ConfigError(
            path: path,
            "the workers are those that “\(discovery.name)” stands for, and are known only while a cluster is brought "
                + "up; list them by name and address for this")
    }
}
