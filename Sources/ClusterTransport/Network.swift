// SPDX-License-Identifier: MIT
import BitNetCore
import CPlatform
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// Dials and listens.
///
/// One for each process.
package final class Network: Sendable {
    private let group: MultiThreadedEventLoopGroup

    /// - Parameter loopCount: event loops; bytes only, so one or two serve any number of connections. With one,
    ///   what a connection brings is answered on another without a change of threads.
    package init(loopCount: Int = 2) {
        group = MultiThreadedEventLoopGroup(numberOfThreads: loopCount)
        // Moving bytes takes microseconds, but behind a kernel that computes it would wait for milliseconds.
        for loop in group.makeIterator() { loop.execute { bn_thread_prefer_latency() } }
    }

    /// Opens a connection to `address`, written `host:port`.
    ///
    /// - Parameter credentials: if they encrypt, so does the connection.
    /// - Throws: ``TransportError`` naming `peer` and the address; `CancellationError` at once when the task is
    ///   cancelled.
    package func connect(
        to address: String, peer: String, with credentials: Credentials = .none
    ) async throws -> FrameConnection {
        let place = try Self.parsed(address)
        do {
            // Neither a name that does not resolve nor a machine that does not answer can be told to stop.
            return try await abandoning(on: group.any()) { try await self.dial(place, peer, credentials) }
        } catch let error as CancellationError {
            throw error
        } catch let error as TransportError {
            throw error
        } catch {
            throw TransportError(
                .unreachable,
                "\(peer) cannot be reached at \(address) (\(Self.reason(error))); is bitnet-worker running there "
                    + "with --listen \(address)?", cause: Self.cause(error))
        }
    }

    private func dial(
        _ place: HostPort, _ peer: String, _ credentials: Credentials
    ) async throws -> FrameConnection {
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(Limits.connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: Self.waterMark)
            .channelOption(.recvAllocator, value: Self.receiveAllocator)
        let install: @Sendable (any Channel) -> EventLoopFuture<FrameConnection> = { channel in
            channel.eventLoop.makeCompletedFuture {
                if let certificates = credentials.dialled {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: certificates.client, serverHostname: nil))
                }
                return try Self.install(
                    on: channel, peer: peer, LinkState(isEncrypted: credentials.dialled != nil))
            }
        }
        let port = Int(clamping: place.port)
        // Numbers need nobody who knows names, and none of the threads that wait for such.
        if let address = try? SocketAddress(ipAddress: place.host, port: port) {
            return try await bootstrap.connect(to: address, channelInitializer: install)
        }
        return try await bootstrap.connect(host: place.host, port: port, channelInitializer: install)
    }

    /// Listens on `address`, on all that a name stands for, and hands every connection to `accept`, on a task of its
    /// own.
    ///
    /// - Parameter credentials: those that make encryption possible, for peers that begin with it.
    /// - Returns: the address that is listened on, with the port that was chosen when `address` has port 0.
    package func listen(
        on address: String, with credentials: Credentials = .none,
        accept: @escaping @Sendable (FrameConnection) async -> Void
    ) async throws -> Listener {
        let place = try Self.parsed(address)
        let gate = ConnectionGate()
        do {
            let hosts = try await DiskThreads.run { try place.ownAddresses() }
            let bootstrap = ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelOption(.backlog, value: 64)
                .serverChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try Self.closeOnExec(channel)
                        // Without descriptors it would try again at once, for ever.
                        try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
                    }
                }
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.writeBufferWaterMark, value: Self.waterMark)
                .childChannelOption(.recvAllocator, value: Self.receiveAllocator)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let peer = channel.remoteAddress.map(Self.text) ?? "unknown peer"
                        let (pass, link) = (gate.enter(channel), LinkState(isEncrypted: false))
                        try channel.pipeline.syncOperations.addHandler(
                            EncryptionDetector(
                                certificates: credentials.certificates, pass: pass, link: link, peer: peer))
                        let connection = try Self.install(on: channel, peer: peer, link, pass)
                        Task { await accept(connection) }
                    }
                }
            var listener = Listener()
            do {
                for host in hosts {
                    // Those after the first have the port that the system chose for it.
                    let port = listener.channels.isEmpty ? Int(clamping: place.port) : listener.port
                    listener.channels.append(try await bootstrap.bind(host: host, port: port).get())
                }
            } catch {
                await listener.close()
                throw error
            }
            return listener
        } catch {
            throw TransportError(
                .address,
                "cannot listen on \(address) (\(Self.reason(error))); choose another --listen HOST:PORT")
        }
    }

    /// Ends all loops.
    ///
    /// No connection may be used afterwards.
    package func shutdown() async {
        try? await group.shutdownGracefully()
    }

    // Room for a few activation frames before a sender is told to wait.
    private static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 1 << 20, high: 8 << 20)
    private static let receiveAllocator = AdaptiveRecvByteBufferAllocator(
        minimum: 4 << 10, initial: 64 << 10, maximum: 1 << 20)

    /// Programs that this one starts, were it by the runtime at its end, shall not keep the socket.
    private static func closeOnExec(_ channel: any Channel) throws {
        try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            _ = fcntl($0, F_SETFD, FD_CLOEXEC)
        }
    }

    private static func install(
        on channel: any Channel, peer: String, _ link: LinkState, _ pass: ConnectionGate.Pass? = nil
    ) throws -> FrameConnection {
        try closeOnExec(channel)
        let traffic = Traffic()
        let handler = FrameHandler(peer: peer, eventLoop: channel.eventLoop, traffic: traffic)
        try channel.pipeline.syncOperations.addHandler(handler)
        return FrameConnection(
            channel: channel, peer: peer, pass: pass,
            handler: NIOLoopBound(handler, eventLoop: channel.eventLoop), traffic: traffic, link: link)
    }

    private static func parsed(_ address: String) throws -> HostPort {
        do throws(AddressError) { return try HostPort(parsing: address) } catch {
            throw TransportError(.address, error.message)
        }
    }

    fileprivate static func text(_ address: SocketAddress) -> String {
        guard let ip = address.ipAddress, let port = address.port else { return "unknown peer" }
        return "\(HostPort(host: ip, port: UInt16(clamping: port)))"
    }

    private static func cause(_ error: any Error) -> TransportError.Cause {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { cause($0.error) } ?? .unknownName
        case let error as IOError where error.errnoCode == ECONNREFUSED: .nobodyListens
        case let error as IOError
        where [ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN].contains(error.errnoCode):
            .noAnswer
        case ChannelError.connectTimeout: .noAnswer
        default: .other
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { reason($0.error) } ?? "the name does not resolve"
        case let error as IOError: error.errnoCode.asErrnoText
        case ChannelError.connectTimeout: "no answer within \(Limits.connectTimeout)"
        default: error.words
        }
    }
}

/// Listening sockets, one for each address of a name, on the same port.
package struct Listener: Sendable {
    fileprivate var channels: [any Channel] = []

    package var port: Int { channels.first?.localAddress?.port ?? 0 }

    /// The addresses that are listened on.
    package var addresses: [String] { channels.compactMap { $0.localAddress.map(Network.text) } }

    /// Stops accepting; connections that are open stay open.
    package func close() async {
        for channel in channels { try? await channel.close().get() }
    }
}
