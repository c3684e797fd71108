// SPDX-License-Identifier: MIT

package import BitNetCore

/// What an operator writes in workers.yaml.
package struct ClusterFile: Equatable, Sendable {
    /// Where the file is; relative paths in it start from its folder.
    package var path: String
    /// The cluster's name; workers of another cluster are refused.
    package var cluster: String
    /// The model file, resolved, or a model of a hub (``HubScheme``).
    package var model: String?
    /// Where the gateway listens.
    package var listen: HostPort?
    /// The cluster key's file, resolved.
    package var keyFile: String?
    /// What connections to workers are encrypted with.
    package var protection = LinkProtection.clusterKey
    /// In the order in which a step travels, unless layers are given; none yet if there is a ``discovery``.
    package var workers: [WorkerEntry]
    /// How workers are found that are not listed.
    package var discovery: WorkerDiscovery?

    /// Reads and checks a file.
    ///
    /// - Throws: ``ConfigError``, `path:line: reason`.
    package static func load(path: String) throws(ConfigError) -> ClusterFile {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw ConfigError(error.message)
        }
        guard file.bytes.count <= Limits.configBytesMax else {
            throw ConfigError(
                path: path, "\(file.bytes.count) bytes; a cluster file has at most \(Limits.configBytesMax)")
        }
        guard let text = String(validating: FileText.withoutMark(file.bytes), as: UTF8.self) else {
            throw ConfigError(path: path, "the file is not UTF-8 text")
        }
        return try parse(text, path: path)
    }

    /// Files that nobody else should be able to open.
    package var secretFiles: [String] {
        guard case .certificates(let files) = protection else { return [keyFile].compactMap(\.self) }
        return [keyFile, files.privateKey].compactMap(\.self)
    }

    /// The cluster key; empty if the file names none, which it may on loopback.
    ///
    /// - Throws: ``ConfigError`` naming the key's file.
    package func readKey() throws(ConfigError) -> [UInt8] {
        guard let keyFile else { return [] }
        return try KeyFile.read(keyFile)
    }
}

/// One worker of a cluster file.
package struct WorkerEntry: Equatable, Sendable {
    package var name: String
    package var address: HostPort
    /// The layers it shall run; given for all workers that are not spares, or for none.
    package var layers: LayerRange?
    /// The operator's cap on the memory of a stage there, bytes.
    package var memoryByteCount: UInt64?
    package var isSpare: Bool

    package init(
        name: String, address: HostPort, layers: LayerRange? = nil, memoryByteCount: UInt64? = nil,
        isSpare: Bool = false
    ) {
        self.name = name
        self.address = address
        self.layers = layers
        self.memoryByteCount = memoryByteCount
        self.isSpare = isSpare
    }
}
