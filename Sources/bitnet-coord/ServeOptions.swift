// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import ClusterConfig
import ClusterGateway
import PipelineHost

/// Where users and operators reach a serving coordinator.
struct ServeOptions: ParsableArguments {
    @Option(
        help: "Address of the OpenAI-compatible API; 127.0.0.1, or the cluster file's “listen”, by default.")
    var host: String?

    @Option(help: "Its port; 8080, or the cluster file's, by default. 0 lets the system choose.")
    var port: UInt16?

    @Option(help: ArgumentHelp("Key that clients must send; may be repeated.", valueName: "key"))
    var apiKey: [String] = []

    @Option(help: ArgumentHelp("File with such keys, one a line.", valueName: "file"))
    var apiKeyFile: String?

    @Flag(help: "Serve other machines without a key.")
    var noApiKey = false

    @Option(help: ArgumentHelp("Address of the operator's API.", valueName: "host:port"))
    var admin = "127.0.0.1:8081"

    @Option(
        help: ArgumentHelp(
            "File with keys for the operator's API, one a line; needed unless it listens on loopback.",
            valueName: "file"))
    var adminKeyFile: String?

    @Option(help: "Seconds that requests which run may take when the program is told to end.")
    var drainTimeout = 20

    @Option(help: "Seconds that requests wait for other stages when a worker is lost; then they fail.")
    var failoverTimeout = 60

    func validate() throws {
        guard (0...86_400).contains(failoverTimeout) else {
            throw ValidationError("--failover-timeout must be 0...86400")
        }
        guard (0...86_400).contains(drainTimeout) else {
            throw ValidationError("--drain-timeout must be 0...86400")
        }
        guard apiKey.allSatisfy({ !$0.isEmpty && $0.utf8.count <= Limits.keyBytesMax }) else {
            throw ValidationError("--api-key must have 1 to \(Limits.keyBytesMax) bytes")
        }
    }

    /// - Parameter file: the cluster file, if there is one.
    /// - Throws: a usage error for an address that others reach without a key.
    func gateway(_ file: ClusterFile?) throws -> ListenerConfiguration {
        let wanted = HostPort(
            host: host ?? file?.listen?.host ?? "127.0.0.1", port: port ?? file?.listen?.port ?? 8080)
        let address = try HostPort(parsing: "\(wanted)")
        let keys = try apiKey + (apiKeyFile.map { try APIKeyFile.read($0) } ?? [])
        guard address.isLoopback || !keys.isEmpty || noApiKey else {
            throw ValidationError(
                "\(address) is reachable from other machines: give --api-key-file FILE, or --no-api-key if anybody may use it"
            )
        }
        return .gateway(host: address.host, port: Int(clamping: address.port), keys: keys)
    }

    /// - Throws: a usage error for an address that others reach without a key.
    func administration() throws -> ListenerConfiguration {
        let address = try HostPort(parsing: admin)
        let keys = try adminKeyFile.map { try APIKeyFile.read($0) } ?? []
        guard address.isLoopback || !keys.isEmpty else {
            throw ValidationError(
                "--admin \(admin) is reachable from other machines, so --admin-key-file is needed")
        }
        return .administration(host: address.host, port: Int(clamping: address.port), keys: keys)
    }
}
