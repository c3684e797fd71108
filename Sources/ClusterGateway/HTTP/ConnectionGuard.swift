// SPDX-License-Identifier: MIT
import BitNetCore
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Carries out what a ``ConnectionWatch`` decides, tells the client's connection when it ends, and answers bytes
/// that are not HTTP.
///
/// Stands behind the decoder of requests; ``ConnectionByteCounter`` before it tells of bytes.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var watch: ConnectionWatch
    private let client: ClientConnection
    private let log: Logger
    private var context: ChannelHandlerContext?
    private var timer: (at: ContinuousClock.Instant, task: Scheduled<Void>)?
    /// Bytes given to the channel so far.
    private var givenByteCount = 0
    /// An error was answered; nothing of what follows is.
    private var isClosing = false

    init(timeouts: ConnectionTimeouts, client: ClientConnection, log: Logger) {
        watch = ConnectionWatch(timeouts: timeouts)
        self.client = client
        self.log = log
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.task.cancel()
        timer = nil
        self.context = nil
    }

    // MARK: Bytes

    func received() {
        watch.received(at: .now)
        arm()
    }

    func gave(byteCount: Int) {
        givenByteCount += byteCount
        // What the client has not taken by the end of this turn of the loop waits.
        guard timer == nil else { return }
        context?.eventLoop.assumeIsolated().execute { self.arm() }
    }

    // MARK: Parts

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        switch unwrapInboundIn(data) {
        case .head: watch.headReceived(at: .now)
        case .body: break
        case .end: watch.requestReceived()
        }
        arm()
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isClosing else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        if case .end = unwrapOutboundIn(data) { watch.answered(at: .now) }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, watch.owedCount == 0, !isClosing else {
            context.fireErrorCaught(error)
            return
        }
        isClosing = true
        let refusal =
            error == .headerOverflow
            ? APIError(
                .requestHeaderFieldsTooLarge, "the request's header fields are too large or too many",
                type: "invalid_request_error")
            : APIError.invalid("this is not a request of HTTP/1.1: \(error.words)")
        let response = refusal.response
        var head = HTTPResponseHead(
            version: .http1_1, status: .init(statusCode: response.status.code))
        head.headers.add(name: "Content-Type", value: "application/json")
        head.headers.add(name: "Connection", value: "close")
        let body = refusal.buffer
        head.headers.add(name: "Content-Length", value: String(body.readableBytes))
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let context = context.loopBound
        context.value.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            context.value.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { client.leave() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        client.leave()
        context.fireChannelInactive()
    }

    // MARK: Time

    /// Sees to it that the next verdict is asked for in time.
    private func arm() {
        guard let context, context.channel.isActive else { return }
        let now = ContinuousClock.now
        let waiting = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        watch.wrote(taken: givenByteCount - waiting, waiting: waiting, at: now)
        switch watch.verdict(at: now) {
        case .rest: break
        case .close(let reason):
            log.debug("closing a connection", metadata: ["reason": "\(reason)"])
            context.close(promise: nil)
        case .wait(let deadline):
            if let timer, timer.at <= deadline { return }
            timer?.task.cancel()
            let task = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(deadline - now)) {
                self.timer = nil
                self.arm()
            }
            timer = (deadline, task)
        }
    }
}

/// Tells a ``ConnectionGuard`` of the bytes that come and go.
final class ConnectionByteCounter: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let connection: ConnectionGuard

    init(_ connection: ConnectionGuard) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.received()
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        connection.gave(byteCount: unwrapOutboundIn(data).readableBytes)
        context.write(data, promise: promise)
    }
}
