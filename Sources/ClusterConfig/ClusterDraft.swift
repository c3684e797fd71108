// SPDX-License-Identifier: MIT

package import BitNetCore

/// A cluster file as it begins, for hosts that somebody names.
package struct ClusterDraft: Equatable, Sendable {
    /// The port of a worker that is given none.
    package static let standardPort: UInt16 = 7101

    /// A worker to be.
    package struct Worker: Equatable, Sendable {
        package let name: String
        package let address: HostPort
    }

    package let cluster: String
    /// As it stands in the file; `nil` leaves it to `--model`.
    package let model: String?
    /// The key's file, from the folder of the cluster file.
    package let keyFile: String
    package let workers: [Worker]

    /// - Parameter hosts: `HOST` or `HOST:PORT`, in the order of the stages.
    /// - Throws: ``ConfigError`` naming a host that is none, or is there twice.
    package init(
        cluster: String, model: String?, keyFile: String, hosts: [String]
    ) throws(ConfigError) {
        guard !hosts.isEmpty, hosts.count <= Limits.workersMax else {
            throw ConfigError("a cluster has 1 to \(Limits.workersMax) workers, not \(hosts.count)")
        }
        var addresses: [HostPort] = []
        for host in hosts {
            let address = try Self.address(host)
            guard !addresses.contains(address) else {
                throw ConfigError("\(address) is there twice; give the second one another port")
            }
            addresses.append(address)
        }
        self.cluster = cluster
        self.model = model
        self.keyFile = keyFile
        workers = zip(Self.names(addresses), addresses).map { Worker(name: $0, address: $1) }
    }

    /// Hosts of a file: one a line, `#` begins a remark.
    package static func hosts(of text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let host = line.prefix { $0 != "#" }.filter { !$0.isWhitespace }
            return host.isEmpty ? nil : host
        }
    }

    private static func address(_ text: String) throws(ConfigError) -> HostPort {
        let hasPort = text.contains(/:[0-9]*$/) && (text.hasPrefix("[") || text.count { $0 == ":" } == 1)
        let address: HostPort
        do throws(AddressError) {
            address =
                hasPort
                ? try HostPort(parsing: text)
                : HostPort(host: try HostPort.host(parsing: text), port: standardPort)
        } catch {
            throw ConfigError(error.message)
        }
        guard address.port > 0 else { throw ConfigError("“\(text)”: a worker cannot be reached at port 0") }
        return address
    }

    /// What a host is called at home, where that tells all of them apart; else numbers.
    private static func names(_ addresses: [HostPort]) -> [String] {
        let short = addresses.map { address in
            address.isAddress || address.isLoopback
                ? "" : String(address.host.prefix { $0 != "." }.prefix(Limits.nameBytesMax))
        }
        guard !short.contains(""), Set(short).count == short.count else {
            return addresses.indices.map { "worker-\($0 + 1)" }
        }
        return short
    }

    /// The file's text, with what may be added.
    package var text: String {
        let model = model.map { "model: \(Self.quoted($0))" } ?? "# model: FILE, or hf:OWNER/NAME[:FILE]"
        let workers = workers.map { worker in
            "  - name: \(Self.quoted(worker.name))\n    address: \(Self.quoted("\(worker.address)"))\n"
        }
        return """
            # The machines of a cluster. All keys: cluster/docs/configuration.md
            cluster: \(Self.quoted(cluster))

            # A GGUF file, a Hugging Face directory, or a model of a hub; bitnet-coord --model wins.
            \(model)

            # Whoever has this file belongs to the cluster; keep it from others, and copy it to all machines.
            key_file: \(Self.quoted(keyFile))

            # Where users reach the coordinator; only from this machine by default.
            # listen: 0.0.0.0:8080

            # In any order: the coordinator measures them, and divides the layers. A worker may also have
            #   layers: 0-11     which layers it computes, then given for all of them
            #   memory: 16GiB    what its layers may take
            #   spare: true      it stands by until another one is lost
            workers:
            \(workers.joined())
            """
    }

    /// Text as YAML takes it whatever is in it.
    private static func quoted(_ text: String) -> String { JSONValue.text(text).encoded }
}
