// SPDX-License-Identifier: MIT
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on loopback that answers as a test says, in wrong ways too.
final class HubServer: Sendable {
    struct Request: Sendable {
        let uri: String
        let headers: HTTPHeaders

        func header(_ name: String) -> String? { headers.first(name: name) }

        /// The bytes that are asked for.
        var range: Range<Int>? {
            guard let match = header("range")?.wholeMatch(of: /bytes=(\d+)-(\d+)/),
                let first = Int(match.output.1), let last = Int(match.output.2)
            else { return nil }
            return first..<last + 1
        }
    }

    struct Reply: Sendable {
        var status: HTTPResponseStatus = .ok
        var headers: HTTPHeaders = [:]
        var body: [UInt8] = []
        /// Closes the connection after so many bytes of the body.
        var cut: Int?
        /// Goes on with the body for ever.
        var isEndless = false
        /// Says no length.
        var hidesLength = false

        static func status(_ status: HTTPResponseStatus, _ headers: HTTPHeaders = [:]) -> Reply {
            Reply(status: status, headers: headers)
        }
    }

    private let channel: any Channel
    private let log = Mutex<[Request]>([])
    let port: Int

    private init(channel: any Channel) {
        self.channel = channel
        port = channel.localAddress?.port ?? 0
    }

    var address: String { "http://127.0.0.1:\(port)" }
    /// What was asked, in the order in which it came.
    var requests: [Request] { log.withLock { $0 } }

    static func run<Result: Sendable>(
        _ answer: @escaping @Sendable (Request) -> Reply, during body: (HubServer) async throws -> Result
    ) async throws -> Result {
        let started = Mutex<HubServer?>(nil)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { child in
                child.eventLoop.makeCompletedFuture {
                    try child.pipeline.syncOperations.configureHTTPServerPipeline()
                    try child.pipeline.syncOperations.addHandler(
                        Handler { request in
                            started.withLock { $0 }?.log.withLock { $0.append(request) }
                            return answer(request)
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = HubServer(channel: channel)
        started.withLock { $0 = server }
        do {
            let result = try await body(server)
            try? await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }
}

private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: (HubServer.Request) -> HubServer.Reply
    private var head: HTTPRequestHead?

    init(_ answer: @escaping (HubServer.Request) -> HubServer.Reply) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            reply(answer(HubServer.Request(uri: head.uri, headers: head.headers)), context)
        }
    }

    private func reply(_ reply: HubServer.Reply, _ context: ChannelHandlerContext) {
        var headers = reply.headers
        if reply.hidesLength || reply.isEndless {
            if reply.isEndless || headers.first(name: "content-length") == nil {
                headers.replaceOrAdd(name: "transfer-encoding", value: "chunked")
            }
        } else if headers.first(name: "content-length") == nil {
            headers.add(name: "content-length", value: "\(reply.body.count)")
        }
        let head = HTTPResponseHead(version: .http1_1, status: reply.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let body = ByteBuffer(bytes: reply.body.prefix(reply.cut ?? reply.body.count))
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        if reply.isEndless {
            goOn(NIOLoopBound(context, eventLoop: context.eventLoop))
        } else if reply.cut != nil {
            context.close(promise: nil)
        } else {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }

    private func goOn(_ context: NIOLoopBound<ChannelHandlerContext>) {
        let piece = ByteBuffer(repeating: 0x41, count: 1 << 16)
        let this = NIOLoopBound(self, eventLoop: context.value.eventLoop)
        context.value.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece)))).whenSuccess {
            this.value.goOn(context)
        }
    }
}
