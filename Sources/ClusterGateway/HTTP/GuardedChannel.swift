// SPDX-License-Identifier: MIT
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// HTTP/1.1 with an eye on each client: on its patience, on its presence, on how many there are.
struct GuardedChannel: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let channel: any Channel
        /// `nil` if there are too many connections already.
        let http: HTTP1Channel.Value?
        let client: ClientConnection
    }

    let configuration: HTTPServerConfiguration
    let exchange: Exchange
    private let open = ConnectionCount()

    init(configuration: HTTPServerConfiguration, exchange: Exchange) {
        self.configuration = configuration
        self.exchange = exchange
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let client = ClientConnection()
        let count = open.add(1)
        channel.closeFuture.whenComplete { [open] _ in _ = open.add(-1) }
        guard count <= configuration.connectionsMax else { return refuse(channel, client) }
        let timeouts = configuration.timeouts
        return http(client: client, log: logger).setup(channel: channel, logger: logger)
            .flatMapThrowing { http in
                let pipeline = channel.pipeline.syncOperations
                let connection = ConnectionGuard(timeouts: timeouts, client: client, log: logger)
                try pipeline.addHandler(ConnectionByteCounter(connection), position: .first)
                let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
                try pipeline.addHandler(connection, position: .after(decoder))
                return Value(channel: channel, http: http, client: client)
            }
    }

    func handle(value: Value, logger: Logger) async {
        guard let http = value.http else { return }
        await self.http(client: value.client, log: logger).handle(value: http, logger: logger)
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
            configuration: .init(
                idleTimeout: TimeAmount(configuration.timeouts.keepAlive),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: configuration.headBytesMax,
                    maxHeaderListSize: configuration.headBytesMax,
                    maxHeaderFieldCount: configuration.headerFieldsMax)))
    }

    private func refuse(_ channel: any Channel, _ client: ClientConnection) -> EventLoopFuture<Value> {
        let refusal = APIError.unavailable("too many connections are open: try again later")
        let body = refusal.buffer
        var bytes = ByteBuffer(
            string: "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 5\r\n"
                + "Connection: close\r\nContent-Length: \(body.readableBytes)\r\n\r\n")
        bytes.writeImmutableBuffer(body)
        // Not in this turn: the channel is registered after it.
        channel.eventLoop.execute { [bytes] in
            channel.writeAndFlush(bytes).whenComplete { _ in channel.close(promise: nil) }
        }
        return channel.eventLoop.makeSucceededFuture(Value(channel: channel, http: nil, client: client))
    }
}

/// Open connections of one listener.
private final class ConnectionCount: Sendable {
    private let count = Atomic(0)

    /// - Returns: how many there are now.
    func add(_ change: Int) -> Int { count.add(change, ordering: .relaxed).newValue }
}
