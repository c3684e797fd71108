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

    @Option(
        help: ArgumentHelp(
            "Name of the model in requests and answers; by default its own.", valueName: "name"))
    var alias: String?

    @Option(
        help: ArgumentHelp(
            "Key that clients must send; may be repeated. Others on this machine see it: better is a file.",
            valueName: "key"))
    var apiKey: [String] = []

    @Option(help: ArgumentHelp("File with such keys, one a line.", valueName: "file"))
    var apiKeyFile: String?

    @Flag(help: "Serve other machines without a key.")
    var noApiKey = false

    @Option(
        help: ArgumentHelp(
            "Another name by which users and operators reach it, as a browser or a proxy sends it; needed where there are no keys. May be repeated.",
            valueName: "host"))
    var allowedHost: [String] = []

    @Option(
        help: ArgumentHelp(
            "Site whose pages may ask the users' API, for instance https://chat.example; “*” for all, with keys. May be repeated.",
            valueName: "origin"))
    var corsOrigin: [String] = []

    @Option(help: ArgumentHelp("Address of the operator's API.", valueName: "host:port"))
    var admin = "127.0.0.1:8081"

    @Option(
        help: ArgumentHelp(
            "File with keys for the operator's API, one a line; needed unless it listens on loopback.",
            valueName: "file"))
    var adminKeyFile: String?

    @Option(
        help: ArgumentHelp(
            "Certificate by which both APIs speak HTTPS, and those that lead to it, PEM.", valueName: "file"))
    var sslCertFile: String?

    @Option(help: ArgumentHelp("Its private key, PEM.", valueName: "file"))
    var sslKeyFile: String?

    @Option(
        help:
            "Where an answer's thoughts are written unless a request says it: in reasoning_content, or with “none” in content as the model writes them."
    )
    var reasoningFormat = ReasoningFormat.auto

    @Flag(
        help:
            "Also give the operator's /metrics by vLLM's names, for dashboards, autoscalers and load balancers that know these."
    )
    var vllmMetrics = false

    @Option(help: "Seconds that requests which run may take when the program is told to end.")
    var drainTimeout = 20

    @Option(help: "Seconds that requests wait for other stages when a worker is lost; then they fail.")
    var failoverTimeout = 60

    func validate() throws {
        guard (0...86_400).contains(failoverTimeout) else {
            throw ValidationError("--failover-timeout must be 0...86400")
        }
        guard (sslCertFile == nil) == (sslKeyFile == nil) else {
            throw ValidationError("--ssl-cert-file and --ssl-key-file belong together: give both, or none")
        }
        guard (0...86_400).contains(drainTimeout) else {
            throw ValidationError("--drain-timeout must be 0...86400")
        }
        if let alias {
            guard !alias.isEmpty, alias == PrintableText.line(alias, bytesMax: Limits.nameBytesMax) else {
                throw ValidationError(
                    "--alias must have 1 to \(Limits.nameBytesMax - 3) bytes, all of them printable")
            }
        }
        guard apiKey.allSatisfy({ !$0.isEmpty && $0.utf8.count <= Limits.keyBytesMax }) else {
            throw ValidationError("--api-key must have 1 to \(Limits.keyBytesMax) bytes")
        }
        for host in allowedHost {
            guard (try? HostPort.host(parsing: host)) != nil else {
                throw ValidationError(
                    "--allowed-host \(host) is not a host name: give it without port and scheme")
            }
        }
        for origin in corsOrigin where origin != "*" {
            guard SiteRules.isOrigin(origin) else {
                throw ValidationError(
                    "--cors-origin \(origin) is not an origin: give scheme and host, for instance https://chat.example"
                )
            }
        }
    }

    /// What is wrong with where the keys stand; `nil` if nothing is.
    var keyWarning: String? {
        let isOnCommandLine = CommandLine.arguments.dropFirst().contains {
            $0 == "--api-key" || $0.hasPrefix("--api-key=")
        }
        return isOnCommandLine
            ? "every user of this machine can read the key of --api-key (ps shows it): use --api-key-file FILE"
            : nil
    }

    /// What must be said at each start of a service that anybody may use; `nil` for one with keys or on loopback.
    func opennessWarning(_ file: ClusterFile?) -> String? {
        guard noApiKey, apiKey.isEmpty, apiKeyFile == nil, let address = try? gatewayAddress(file),
            !address.isLoopback
        else { return nil }
        return
            "\(address) wants no key: whoever reaches it may use it; give --api-key-file FILE unless that is meant"
    }

    private func gatewayAddress(_ file: ClusterFile?) throws -> HostPort {
        HostPort(
            host: try HostPort.host(parsing: host ?? file?.listen?.host ?? "127.0.0.1"),
            port: port ?? file?.listen?.port ?? 8080)
    }

    /// - Parameter file: the cluster file, if there is one.
    /// - Throws: a usage error for an address that others reach without a key.
    func gateway(_ file: ClusterFile?) throws -> ListenerConfiguration {
        let address = try gatewayAddress(file)
        let keys = try apiKey + (apiKeyFile.map { try APIKeyFile.read($0) } ?? [])
        guard address.isLoopback || !keys.isEmpty || noApiKey else {
            throw ValidationError(
                "\(address) is reachable from other machines: give --api-key-file FILE, or --no-api-key if anybody may use it"
            )
        }
        guard !corsOrigin.contains("*") || !keys.isEmpty else {
            throw ValidationError(
                "--cors-origin “*” lets every page ask: give --api-key-file FILE, or the origins that may")
        }
        var listener = ListenerConfiguration.gateway(
            host: address.host, port: Int(clamping: address.port), keys: keys)
        listener.server.certificate = try certificate
        listener.sites.allowedHosts = allowedHosts
        listener.sites.allowedOrigins = Set(corsOrigin.map { $0.lowercased() })
        return listener
    }

    /// - Throws: a usage error for an address that others reach without a key.
    func administration() throws -> ListenerConfiguration {
        let address = try HostPort(parsing: admin)
        let keys = try adminKeyFile.map { try APIKeyFile.read($0) } ?? []
        guard address.isLoopback || !keys.isEmpty else {
            throw ValidationError(
                "--admin \(admin) is reachable from other machines, so --admin-key-file is needed")
        }
        var listener = ListenerConfiguration.administration(
            host: address.host, port: Int(clamping: address.port), keys: keys)
        listener.server.certificate = try certificate
        listener.sites.allowedHosts = allowedHosts
        return listener
    }

    private var certificate: ServerCertificate? {
        get throws {
            guard let sslCertFile, let sslKeyFile else { return nil }
            return try ServerCertificate(path: sslCertFile, keyPath: sslKeyFile)
        }
    }

    /// `http` or `https`.
    var scheme: String { sslCertFile == nil ? "http" : "https" }

    /// As requests have them: without brackets, in lower case.
    private var allowedHosts: Set<String> {
        Set(allowedHost.compactMap { try? HostPort.host(parsing: $0).lowercased() })
    }
}

extension ReasoningFormat: ExpressibleByArgument {}
