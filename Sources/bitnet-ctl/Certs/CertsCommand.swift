// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import ClusterConfig
import ClusterTransport
import CommandLine

/// Certificates by which nodes are told apart.
struct CertsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certs",
        abstract:
            "Issues certificates to a cluster's nodes, so that each can be told apart and shut out alone.",
        discussion: """
            A cluster with a key file needs none of this: its connections are encrypted by certificates that follow from \
            the key. Whoever wants to be able to shut out one machine without a new key for all others keeps an \
            authority in a folder of its own, and gives each node its certificate:

            EXAMPLES
              bitnet-ctl certs --dir certs --shards workers.yaml     one for each worker, the coordinator and an operator
              bitnet-ctl certs --dir certs srv-d                     one for another worker
              bitnet-ctl certs --dir certs gateway --host chat.example --host 10.0.0.9
                                                                     one for bitnet-coord's HTTPS
              bitnet-ctl certs --dir certs --revoke srv-b            srv-b is not to be trusted any more

            ca.key stays where it is, and safe: with it certificates are made. A worker starts with \
            --tls-ca ca.pem --tls-cert NAME.pem --tls-key NAME.key (and --tls-revoked FILE), a cluster file says the \
            same under “tls:” with the keys ca, cert, key (and revoked).
            """)

    @Option(help: ArgumentHelp("Folder of the authority; it is made if there is none.", valueName: "dir"))
    var dir: String

    @Option(
        help: ArgumentHelp("Cluster file whose workers get certificates that have none.", valueName: "file"))
    var shards: String?

    @Argument(help: ArgumentHelp("Nodes that get one, as workers.yaml names them.", valueName: "name"))
    var names: [String] = []

    @Option(
        help: ArgumentHelp(
            "Name or address by which clients of HTTPS reach the node; with one name only. May be repeated.",
            valueName: "host"))
    var host: [String] = []

    @Option(help: ArgumentHelp("Node whose certificate is revoked. May be repeated.", valueName: "name"))
    var revoke: [String] = []

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard shards != nil || !names.isEmpty || !revoke.isEmpty else {
            throw ValidationError("say for whom: names, --shards FILE, or --revoke NAME")
        }
        guard host.isEmpty || names.count == 1 && shards == nil else {
            throw ValidationError("--host goes with the name of one node")
        }
        for host in host where (try? HostPort.host(parsing: host)) == nil {
            throw ValidationError(
                "--host \(host) is no name or address of a host: give it without port and scheme")
        }
    }

    func run() async throws {
        try await Program.run {
            let folder = try CertificateFolder(path: dir)
            let revoked = try revoke.map { (node: $0, digest: try folder.revoke($0)) }
            let issued = try nodes(folder).map { try folder.issue(to: $0, hosts: hosts) }
            if json { return Console().write(document(folder, issued, revoked).encoded + "\n") }
            var lines: [String] = []
            if folder.isNew { lines.append("made the authority \(dir)/ca.pem; keep \(dir)/ca.key safe") }
            lines += issued.map { "issued \($0.files.certificate) and \($0.files.privateKey) to \($0.node)" }
            lines += revoked.map { "revoked \($0.node) (\($0.digest)) in \(folder.revokedPath)" }
            if !revoked.isEmpty { lines.append("copy \(folder.revokedPath) to all nodes") }
            Console().write(lines.map { $0 + "\n" }.joined())
        }
    }

    /// Without the brackets of IPv6.
    private var hosts: [String] { host.compactMap { try? HostPort.host(parsing: $0) } }

    /// Those named, and those of the cluster file that have none.
    private func nodes(_ folder: CertificateFolder) throws -> [String] {
        guard let shards else { return names }
        let all =
            try ClusterFile.load(path: shards).listedWorkers().map(\.name) + [
                NodeRole.coordinator, NodeRole.operator,
            ]
        return names + all.filter { !names.contains($0) && !folder.has($0) }
    }

    private func document(
        _ folder: CertificateFolder, _ issued: [CertificateFolder.Issue],
        _ revoked: [(node: String, digest: String)]
    ) -> JSONValue {
        .object([
            ("directory", .text(folder.path)), ("is_new", .flag(folder.isNew)),
            (
                "issued",
                .list(
                    issued.map {
                        .object([
                            ("node", .text($0.node)), ("certificate", .text($0.files.certificate)),
                            ("private_key", .text($0.files.privateKey)), ("digest", .text($0.digest)),
                        ])
                    })
            ),
            (
                "revoked",
                .list(revoked.map { .object([("node", .text($0.node)), ("digest", .text($0.digest))]) })
            ),
        ])
    }
}
