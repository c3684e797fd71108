// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Logging
import NIOCore
import NIOPosix
import Testing

extension ListenerConfiguration {
    /// A free port of this machine, and little patience at the end.
    static func test(_ change: (inout ListenerConfiguration) -> Void = { _ in }) -> ListenerConfiguration {
        var configuration = ListenerConfiguration.gateway(host: "127.0.0.1", port: 0)
        configuration.server.stopGrace = .milliseconds(100)
        change(&configuration)
        return configuration
    }
}

/// A gateway on a port of its own for as long as `body` runs.
func withGateway(
    _ generator: any TextGenerator, _ configuration: ListenerConfiguration = .test(),
    log: Logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
    _ body: @escaping @Sendable (Int) async throws -> Void
) async throws {
    try await withRunningGateway(generator, configuration, log: log) { port, _ in try await body(port) }
}

/// The same; `stop` asks the gateway to stop and returns when it has.
func withRunningGateway(
    _ generator: any TextGenerator, _ configuration: ListenerConfiguration = .test(),
    log: Logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
    _ body: (_ port: Int, _ stop: @escaping @Sendable () async throws -> Void) async throws -> Void
) async throws {
    let gateway = Gateway(configuration: configuration, generator: generator, log: log)
    let (ports, continuation) = AsyncStream<Int>.makeStream()
    let running = Task {
        defer { continuation.finish() }
        try await gateway.run { continuation.yield(Int($0.port)) }
    }
    defer { running.cancel() }
    for await port in ports {
        try await body(port) {
            running.cancel()
            try await running.value
        }
        running.cancel()
        try await running.value
        return
    }
    try await running.value
}

/// One connection of a client that does what it likes.
struct Client {
    let channel: any Channel
    var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var received = ""

    private init(
        _ channel: any Channel, _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.channel = channel
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    static func connected<Value>(
        to port: Int, of host: String = "127.0.0.1", _ body: (inout Client) async throws -> Value
    ) async throws -> Value {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var client = Client(channel.channel, inbound, outbound)
            return try await body(&client)
        }
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    /// What a client does that sends no more.
    func closeSending() async throws { try await channel.close(mode: .output) }

    func post(_ path: String, _ body: String, _ fields: String = "") async throws {
        try await send(
            "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
        )
    }

    /// Everything up to and with `end`, or until the server closes.
    mutating func read(until end: String? = nil) async throws -> String {
        while true {
            if let end, let range = received.range(of: end) {
                defer { received.removeSubrange(..<range.upperBound) }
                return String(received[..<range.upperBound])
            }
            do {
                guard let buffer = try await inbound.next(isolation: #isolation) else { break }
                received += String(buffer: buffer)
            } catch {
                // The server may reset a connection of which it has not read everything.
                break
            }
        }
        defer { received = "" }
        return received
    }
}

extension String {
    fileprivate func range(of part: String) -> Range<Index>? { firstRange(of: part) }
}
