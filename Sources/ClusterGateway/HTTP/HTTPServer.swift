// SPDX-License-Identifier: MIT
import AdminAPI
package import BitNetCore
package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix

/// Where a server listens and what it puts up with.
package struct HTTPServerConfiguration: Sendable {
    /// What it is called in errors: `gateway`, `admin API`.
    package var name: String
    package var host: String
    /// 0 lets the system choose.
    package var port: Int
    /// The option that names another port.
    package var portOption: String
    /// With one the server speaks HTTPS.
    package var certificate: ServerCertificate?
    package var timeouts = ConnectionTimeouts()
    package var connectionsMax = Limits.httpConnectionsMax
    /// Of the process's descriptors, which are for workers, files and other listeners.
    package var descriptorsKept = 0.25
    package var headBytesMax = Limits.requestHeadBytesMax
    package var headerFieldsMax = Limits.requestHeaderFieldsMax
    /// How long answers may go on after the server was asked to stop.
    package var stopGrace: Duration = Limits.stopGrace
    /// Routes that are asked again and again, by probes and monitoring: they are logged only when they fail.
    package var quietRoutes = HealthRoutes.paths.union(OperatorPage.paths)
        .union([AdminAPI.metricsPath, AdminAPI.statusPath, AdminAPI.historyPath])

    package init(name: String, host: String, port: Int, portOption: String = "--port") {
        self.name = name
        self.host = host
        self.port = port
        self.portOption = portOption
    }
}

/// An HTTP/1.1 listener that answers with a router's routes, on all addresses that its host stands for.
package struct HTTPServer: Sendable {
    private let configuration: HTTPServerConfiguration
    private let exchange: Exchange
    private let log: Logger

    /// - Parameter metrics: `nil` counts nothing.
    package init(
        configuration: HTTPServerConfiguration, router: Router<ExchangeContext>,
        metrics: GatewayMetrics? = nil, log: Logger
    ) {
        self.configuration = configuration
        self.log = log
        exchange = Exchange(
            router: router, metrics: metrics, quietRoutes: configuration.quietRoutes, log: log)
    }

    /// Serves until the task is cancelled; then takes no more connections, and gives answers that are under way
    /// their grace.
    ///
    /// - Parameter onListening: is given the address once connections are taken.
    /// - Throws: ``HTTPServerError`` if it cannot listen.
    package func run(onListening: @escaping @Sendable (HostPort) -> Void) async throws {
        let places = try await addresses().map { Place(host: $0) }
        // Of its own, as the cancellation of the caller is to let answers finish.
        let serving = Task { try await serve(at: places, onListening: onListening) }
        try await withTaskCancellationHandler {
            try await serving.value
        } onCancel: {
            for place in places { place.stop.finish() }
        }
        // Nobody would notice that it is gone.
        guard Task.isCancelled else { throw HTTPServerError("stopped listening by itself", configuration) }
    }

    /// One of the addresses, and what ends listening there.
    private struct Place: Sendable {
        let host: String
        let stops: AsyncStream<Void>
        let stop: AsyncStream<Void>.Continuation

        init(host: String) {
            self.host = host
            (stops, stop) = AsyncStream.makeStream()
        }
    }

    private func addresses() async throws -> [String] {
        let host = HostPort(host: configuration.host, port: 0)
        do {
            return try await NIOThreadPool.singleton.runIfActive { try host.ownAddresses() }
        } catch {
            throw HTTPServerError(error, configuration)
        }
    }

    private func serve(
        at places: [Place], onListening: @escaping @Sendable (HostPort) -> Void
    ) async throws {
        let guarded = GuardedChannel(configuration: configuration, exchange: exchange)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            // Those after the first have the port that the system chose for it.
            var port = configuration.port
            for place in places {
                let (ports, listens) = AsyncStream<Int>.makeStream()
                group.addTask { [port] in
                    defer { listens.finish() }
                    try await serve(guarded, at: place, port) { listens.yield($0) }
                }
                var iterator = ports.makeAsyncIterator()
                guard let given = await iterator.next() else { break }
                port = given
                if place.host == places.last?.host {
                    onListening(HostPort(host: configuration.host, port: UInt16(clamping: port)))
                }
            }
            // Half of a name is no name.
            for try await _ in group { for place in places { place.stop.finish() } }
        }
    }

    private func serve(
        _ guarded: GuardedChannel, at place: Place, _ port: Int,
        onListening: @escaping @Sendable (_ port: Int) -> Void
    ) async throws {
        var quiet = log
        // It takes the end of its task for an error.
        quiet.logLevel = .critical
        let server = Server(
            childChannelSetup: guarded,
            configuration: ServerConfiguration(address: .hostname(place.host, port: port)),
            onServerRunning: { channel in
                try? await channel.eventLoop.submit {
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptPause(places: guarded.places), position: .first)
                }.get()
                onListening(channel.localAddress?.port ?? port)
            },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        let grace = configuration.stopGrace
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await server.run()
                } catch {
                    throw HTTPServerError(error, configuration)
                }
            }
            group.addTask {
                for await _ in place.stops {}
                // It returns when the last connection is closed, which its own cancellation would not hasten.
                Task { try? await server.shutdownGracefully() }
                try await Task.sleep(for: grace)
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

/// A server that cannot listen, or no longer.
package struct HTTPServerError: RemediableError {
    package let message: String

    init(_ what: String, _ configuration: HTTPServerConfiguration) {
        message = PrintableText.line(
            "the \(configuration.name) \(what) (\(configuration.host):\(configuration.port))")
    }

    init(_ error: any Error, _ configuration: HTTPServerConfiguration) {
        let address = "\(configuration.host):\(configuration.port)"
        let reason =
            switch (error as? IOError)?.errnoCode {
            case EADDRINUSE:
                "something listens there already: stop it, or choose another port with \(configuration.portOption)"
            case EACCES:
                "this user may not: choose a port above 1023 with \(configuration.portOption)"
            case EADDRNOTAVAIL:
                "this machine has no such address: choose one of its own with --host"
            default:
                error is AddressError
                    ? "there is no such host: choose an address of this machine with --host" : error.words
            }
        message = PrintableText.line("the \(configuration.name) cannot listen on \(address): \(reason)")
    }
}
