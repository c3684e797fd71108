// SPDX-License-Identifier: MIT
import BitNetCore
import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// HTTP/1.1 with an eye on each client: on its manners, on its patience, on its presence, on how many there are.
struct GuardedChannel: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let channel: any Channel
        /// `nil` if there are too many connections already.
        let http: HTTP1Channel.Value?
        let client: ClientConnection
    }

    let configuration: HTTPServerConfiguration
    let exchange: Exchange
    let places: ConnectionPlaces

    init(configuration: HTTPServerConfiguration, exchange: Exchange) {
        self.configuration = configuration
        self.exchange = exchange
        let share = configuration.descriptorsKept
        places = ConnectionPlaces(countMax: configuration.connectionsMax) { descriptor in
            ConnectionPlaces.leaves(share, after: descriptor)
        }
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let client = ClientConnection(address: channel.remoteAddress?.ipAddress ?? "")
        let descriptor = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
        guard let place = places.take(descriptor: descriptor ?? 0, close: { channel.close(promise: nil) })
        else {
            return refuse(channel, client)
        }
        channel.closeFuture.whenComplete { _ in place.leave() }
        if let certificate = configuration.certificate {
            do {
                try channel.pipeline.syncOperations.addHandler(
                    NIOSSLServerHandler(context: certificate.context))
            } catch {
                return channel.eventLoop.makeFailedFuture(error)
            }
        }
        let timeouts = configuration.timeouts
        return http(client: client, log: logger).setup(channel: channel, logger: logger)
            .flatMap { http in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    // One that gives what it has not read to its successor.
                    let first = decoder()
                    let connection = ConnectionGuard(
                        timeouts: timeouts, client: client, place: place, log: logger, decoder: first,
                        makeDecoder: decoder)
                    // Of what really comes and goes: before what encrypts it.
                    try pipeline.addHandler(ConnectionByteCounter(connection), position: .first)
                    let old = try pipeline.context(
                        handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self)
                    try pipeline.addHandler(first, position: .after(old.handler))
                    try pipeline.addHandler(connection, position: .after(first))
                    try Self.watchPeer(channel)
                    let removed = channel.eventLoop.makePromise(of: Void.self)
                    pipeline.removeHandler(context: old, promise: removed)
                    return removed.futureResult.map { Value(channel: channel, http: http, client: client) }
                }.flatMap { $0 }
            }
    }

    func handle(value: Value, logger: Logger) async {
        guard let http = value.http else { return }
        await self.http(client: value.client, log: logger).handle(value: http, logger: logger)
    }

    /// The system notices a client that is gone without a word, or has left an answer of HTTP/1.0 behind.
    private static func watchPeer(_ channel: any Channel) throws {
        let seconds = Int(clamping: Limits.peerSilence.components.seconds)
        let options: [(NIOBSDSocket.OptionLevel, Int32, Int)] = [
            (.socket, SO_KEEPALIVE, 1), (.tcp, TCP_KEEPIDLE, seconds), (.tcp, TCP_KEEPINTVL, seconds),
            (.tcp, TCP_KEEPCNT, 3),
        ]
        for (level, name, value) in options {
            try channel.syncOptions?.setOption(
                ChannelOptions.Types.SocketOption(level: level, name: NIOBSDSocket.Option(rawValue: name)),
                value: SocketOptionValue(value))
        }
    }

    private func decoder() -> ByteToMessageHandler<HTTPRequestDecoder> {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = configuration.headBytesMax
        limits.maxHeaderListSize = configuration.headBytesMax
        limits.maxHeaderFieldCount = configuration.headerFieldsMax
        return ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits))
    }

    private func http(client: ClientConnection, log: Logger) -> HTTP1Channel {
        let exchange = exchange
        return HTTP1Channel(
            responder: { request, writer, _ in
                let answer = try await exchange.begin(request, client: client)
                do {
                    try await writer.write(response: answer.response.head, body: answer.response.body)
                } catch {
                    exchange.end(answer, failure: error)
                    throw error
                }
                exchange.end(answer, failure: nil)
            },
            configuration: .init(idleTimeout: TimeAmount(configuration.timeouts.keepAlive)))
    }

    private func refuse(_ channel: any Channel, _ client: ClientConnection) -> EventLoopFuture<Value> {
        let refusal = APIError.unavailable("too many connections are open: try again later")
        let body = refusal.buffer
        var bytes = ByteBuffer(
            string: "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 5\r\n"
                + "Connection: close\r\nContent-Length: \(body.readableBytes)\r\n\r\n")
        bytes.writeImmutableBuffer(body)
        let speaksPlainly = configuration.certificate == nil
        // Not in this turn: the channel is registered after it.
        channel.eventLoop.execute { [bytes] in
            // A handshake would cost more than the client may have.
            guard speaksPlainly else { return channel.close(promise: nil) }
            channel.writeAndFlush(bytes).whenComplete { _ in channel.close(promise: nil) }
        }
        return channel.eventLoop.makeSucceededFuture(Value(channel: channel, http: nil, client: client))
    }
}
