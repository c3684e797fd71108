// SPDX-License-Identifier: MIT

import BitNetCore
import Yams

extension ClusterFile {
    /// Reads the text of a cluster file.
    ///
    /// - Parameter path: names the file in messages, and its folder is where relative paths start.
    /// - Throws: ``ConfigError``, `path:line: reason`.
    package static func parse(_ text: String, path: String) throws(ConfigError) -> ClusterFile {
        do {
            return try read(text, path: path)
        } catch {
            throw ConfigError(path: path, line: error.line, error.reason)
        }
    }

    private static func read(_ text: String, path: String) throws(ConfigError) -> ClusterFile {
        let root = try YamlText.compose(text)
        let fields = try YamlFields(
            root, of: "the cluster file", known: ["cluster", "model", "listen", "key_file", "tls", "workers"])
        let cluster = try fields.required("cluster").nodeName()
        let listen = try fields.optional("listen")?.converted { text throws(ConfigError) in
            try HostPort(configured: text)
        }
        let model = try fields.optional("model")?.model(relativeTo: path)
        let keyFile = try fields.optional("key_file")?.path(relativeTo: path)
        let protection =
            try fields.optional("tls")?.linkProtection(relativeTo: path) ?? LinkProtection.clusterKey
        let list = try fields.required("workers")
        if case .mapping = list.node {
            let discovery = try list.discovery()
            guard keyFile != nil || protection != .clusterKey && protection != .none else {
                throw list.error(
                    "workers that “\(discovery.name)” stands for prove by a key that they are of the cluster, so the "
                        + "file must name a key_file; \(KeyFile.recipe(path: "cluster.key"))")
            }
            return ClusterFile(
                path: path, cluster: cluster, model: model, listen: listen, keyFile: keyFile,
                protection: protection, workers: [], discovery: discovery)
        }
        let items = try list.items(countMax: Limits.workersMax)
        guard !items.isEmpty else { throw list.error("there are no workers") }
        let workers = try items.map { item throws(ConfigError) in try ParsedWorker(item) }
        try checkDistinct(workers)
        try checkLayers(workers)
        try checkKey(workers, keyFile: keyFile, protection)
        return ClusterFile(
            path: path, cluster: cluster, model: model, listen: listen, keyFile: keyFile,
            protection: protection, workers: workers.map(\.entry))
    }

    private static func checkDistinct(_ workers: [ParsedWorker]) throws(ConfigError) {
        var names: [String: Int] = [:]
        var addresses: [HostPort: String] = [:]
        for worker in workers {
            if let line = names.updateValue(worker.line, forKey: worker.entry.name) {
                throw ConfigError(
                    line: worker.line,
                    "worker “\(worker.entry.name)” is named a second time (first in line \(line))")
            }
            if let other = addresses.updateValue(worker.entry.name, forKey: worker.entry.address) {
                throw ConfigError(
                    line: worker.addressLine,
                    "address \(worker.entry.address) is worker “\(other)”'s already")
            }
        }
    }

    /// Whether the ranges make up a model is for the planner to say, who knows the model.
    private static func checkLayers(_ workers: [ParsedWorker]) throws(ConfigError) {
        let active = workers.filter { !$0.entry.isSpare }
        guard let first = active.first else {
            throw ConfigError(line: workers.first?.line, "all workers are spares; at least one must not be")
        }
        if let spare = workers.first(where: { $0.entry.isSpare && $0.entry.layers != nil }) {
            throw ConfigError(
                line: spare.line, "worker “\(spare.entry.name)” is a spare, so it cannot be given layers")
        }
        let odd = active.first { ($0.entry.layers == nil) != (first.entry.layers == nil) }
        guard let odd else { return }
        let (with, without) = first.entry.layers == nil ? (odd, first) : (first, odd)
        throw ConfigError(
            line: odd.line,
            "layers are given for worker “\(with.entry.name)” but not for “\(without.entry.name)”; give them for "
                + "all workers or for none")
    }

    private static func checkKey(
        _ workers: [ParsedWorker], keyFile: String?, _ protection: LinkProtection
    ) throws(ConfigError) {
        if case .certificates = protection { return }
        guard keyFile == nil, let remote = workers.first(where: { !$0.entry.address.isLoopback }) else {
            return
        }
        throw ConfigError(
            line: remote.addressLine,
            "worker “\(remote.entry.name)” at \(remote.entry.address) is not on this machine, so the file must name a "
                + "key_file; \(KeyFile.recipe(path: "cluster.key"))")
    }
}

/// A worker and where it stands in the file.
private struct ParsedWorker {
    let entry: WorkerEntry
    let line: Int
    let addressLine: Int

    init(_ value: YamlValue) throws(ConfigError) {
        let fields = try YamlFields(
            value, of: "a worker", known: ["name", "address", "layers", "memory", "spare"])
        let address = try fields.required("address")
        line = value.line
        addressLine = address.line
        entry = WorkerEntry(
            name: try fields.required("name").nodeName(),
            address: try address.converted { text throws(ConfigError) in
                let address = try HostPort(configured: text)
                guard address.port > 0 else { throw ConfigError("a worker cannot be reached at port 0") }
                return address
            },
            layers: try fields.optional("layers")?.converted { text throws(ConfigError) in
                try LayerRange(parsing: text)
            },
            memoryByteCount: try fields.optional("memory")?.converted { text throws(ConfigError) in
                try ByteSize.parse(text)
            },
            isSpare: try fields.optional("spare")?.boolean() ?? false)
    }
}

extension YamlValue {
    /// The name that stands for all workers, with what they have in common.
    fileprivate func discovery() throws(ConfigError) -> WorkerDiscovery {
        let fields = try YamlFields(self, of: "“workers”", known: ["dns", "port", "count", "memory"])
        let port = try fields.required("port").converted { text throws(ConfigError) in
            guard let port = UInt16(text, radix: 10), port > 0 else {
                throw ConfigError("“\(text)” is not a port, a number from 1 to 65535")
            }
            return port
        }
        let name = try fields.required("dns").converted { text throws(ConfigError) in
            let address = try HostPort(configured: "\(text):\(port)")
            guard !address.isAddress else {
                throw ConfigError(
                    "“\(text)” is an address, which stands for one machine; list it as a worker")
            }
            return address.host
        }
        let count = try fields.optional("count")?.converted { text throws(ConfigError) in
            guard let count = Int(text, radix: 10), (1...Limits.workersMax).contains(count) else {
                throw ConfigError("“\(text)” is not a number from 1 to \(Limits.workersMax)")
            }
            return count
        }
        let memory = try fields.optional("memory")?.converted { text throws(ConfigError) in
            try ByteSize.parse(text)
        }
        return WorkerDiscovery(name: name, port: port, count: count ?? 1, memoryByteCount: memory)
    }

    /// The files of “tls”, or `off`.
    fileprivate func linkProtection(relativeTo file: String) throws(ConfigError) -> LinkProtection {
        if case .scalar(let scalar) = node {
            // YAML 1.1 takes the word for a truth value; what was meant is clear.
            guard ["off", "false"].contains(scalar.string) else {
                throw mismatch("“off”, or a mapping with the keys ca, cert, key")
            }
            return .none
        }
        let fields = try YamlFields(self, of: "“tls”", known: ["ca", "cert", "key", "revoked"])
        return .certificates(
            CertificateFiles(
                authority: try fields.required("ca").path(relativeTo: file),
                certificate: try fields.required("cert").path(relativeTo: file),
                privateKey: try fields.required("key").path(relativeTo: file),
                revoked: try fields.optional("revoked")?.path(relativeTo: file)))
    }
}

extension HostPort {
    fileprivate init(configured text: String) throws(ConfigError) {
        do throws(AddressError) { try self.init(parsing: text) } catch { throw ConfigError(error.message) }
    }
}

extension LayerRange {
    /// Reads `0-2`, inclusive, or a single layer.
    fileprivate init(parsing text: String) throws(ConfigError) {
        let bounds = text.split(separator: "-", omittingEmptySubsequences: false).map { part in
            part.allSatisfy { ("0"..."9").contains($0) } ? Int(part, radix: 10) : nil
        }
        guard (1...2).contains(bounds.count), let first = bounds[0], let last = bounds[bounds.count - 1],
            last < Limits.layersMax, let layers = LayerRange(first: first, end: last + 1)
        else {
            throw ConfigError(
                "“\(text)” is not a range of layers; write the first and the last, for instance 0-11, below "
                    + "\(Limits.layersMax)")
        }
        self = layers
    }
}
