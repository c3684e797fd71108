// SPDX-License-Identifier: MIT
import BitNetCore
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Keeps one connection to HTTP/1.1 and HTTP/1.0 (``RequestManner``, ``Conversation``), carries out what a
/// ``ConnectionWatch`` decides, and tells the client's connection when it ends.
///
/// Stands behind the decoder of requests; ``ConnectionByteCounter`` before it tells of bytes.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var watch: ConnectionWatch
    private var conversation = Conversation()
    private let client: ClientConnection
    private let place: ConnectionPlaces.Place
    private let log: Logger
    /// The one that reads now; one that has been replaced may still be in the pipeline.
    private var decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private let makeDecoder: () -> ByteToMessageHandler<HTTPRequestDecoder>
    private var context: ChannelHandlerContext?
    private var timer: (at: ContinuousClock.Instant, task: Scheduled<Void>)?
    /// Bytes given to the channel so far.
    private var givenByteCount = 0
    private var isInputClosed = false
    /// The client has been given the last byte there is.
    private var isFlushed = false

    /// - Parameters:
    ///   - decoder: the one before this handler.
    ///   - makeDecoder: another one, for what follows a request behind which that has stopped.
    init(
        timeouts: ConnectionTimeouts, client: ClientConnection, place: ConnectionPlaces.Place, log: Logger,
        decoder: ByteToMessageHandler<HTTPRequestDecoder>,
        makeDecoder: @escaping () -> ByteToMessageHandler<HTTPRequestDecoder>
    ) {
        watch = ConnectionWatch(timeouts: timeouts)
        self.client = client
        self.place = place
        self.log = log
        self.decoder = decoder
        self.makeDecoder = makeDecoder
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loop = context.eventLoop
        client.attach(
            ClientConnection.Controls(
                wantsBody: { loop.execute { bound.value.wantsBody() } },
                refuse: { error in loop.execute { bound.value.refuse(error) } }))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.task.cancel()
        timer = nil
        self.context = nil
        client.leave()
    }

    // MARK: Bytes

    func received() {
        if !conversation.isDeaf { watch.received(at: .now) }
        arm()
    }

    func gave(byteCount: Int) {
        givenByteCount += byteCount
        // What the client has not taken by the end of this turn of the loop waits.
        guard timer == nil else { return }
        context?.eventLoop.assumeIsolated().execute { self.arm() }
    }

    // MARK: What comes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !conversation.isDeaf else { return }
        switch unwrapInboundIn(data) {
        case .head(var head):
            let manner: RequestManner
            do throws(APIError) {
                manner = try RequestManner(head)
            } catch {
                watch.requestReceived()
                return refuse(error)
            }
            watch.headReceived(at: .now)
            conversation.begin(manner)
            place.isBusy()
            // One spelling for those behind.
            head.headers.remove(name: "connection")
            if !manner.persists { head.headers.add(name: "connection", value: "close") }
            context.fireChannelRead(wrapInboundOut(.head(head)))
        case .body:
            conversation.receivedBody()
            context.fireChannelRead(data)
        case .end:
            watch.requestReceived()
            if conversation.receivedEnd() { replaceDecoder(context) }
            context.fireChannelRead(data)
        }
        arm()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // Nobody behind asks for what is dropped here.
        if conversation.isDeaf, !isInputClosed { context.read() }
    }

    /// The decoder reads nothing behind a request that offers another protocol, which is not taken here.
    private func replaceDecoder(_ context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        do {
            let old = try pipeline.context(handler: decoder)
            decoder = makeDecoder()
            try pipeline.addHandler(decoder, position: .after(old.handler))
            // It gives what it has not read to the new one, and tells nobody that this is all for now.
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            let removed = context.eventLoop.makePromise(of: Void.self)
            removed.futureResult.whenComplete { _ in bound.value.context?.fireChannelReadComplete() }
            pipeline.removeHandler(context: old, promise: removed)
        } catch {
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        refuse(
            error == .headerOverflow
                ? APIError(
                    .requestHeaderFieldsTooLarge, "the request's header fields are too large or too many",
                    type: "invalid_request_error")
                : APIError.invalid("this is not a request of HTTP/1.1: \(error.words)"))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            isInputClosed = true
            client.fallSilent()
            if !conversation.inputClosed() { client.leave() }
            watch.inputClosed(at: .now)
            if isFlushed { context.close(promise: nil) }
            arm()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        client.leave()
        context.fireChannelInactive()
    }

    // MARK: What is said

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !conversation.isOver else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            conversation.begin(&head)
            watch.answering()
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            watch.answered(at: .now)
            context.write(data, promise: promise)
            perform(conversation.answered())
            if conversation.isIdle { place.isIdle() }
        }
    }

    /// Lets a client that waits for it send its body.
    private func wantsBody() {
        guard let context, conversation.wantsBody() else { return }
        interim(context)
    }

    private func interim(_ context: ChannelHandlerContext) {
        context.writeAndFlush(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
    }

    /// Says so in place of the next answer, if it has not begun, and closes.
    private func refuse(_ error: APIError) {
        let isReceiving = conversation.isReceiving
        perform(conversation.refuse(error))
        if isReceiving {
            // Who waits for the rest of a body waits in vain.
            client.cut(off: error)
            context?.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        context?.read()
    }

    private func perform(_ next: Conversation.Next) {
        guard let context else { return }
        switch next {
        case .goOn: break
        case .close: finish(context)
        case .refuse(let error):
            log.debug("refusing a request", metadata: ["reason": "\(error.message)"])
            let response = error.response
            var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: response.status.code))
            head.headers.add(name: "Content-Type", value: "application/json")
            head.headers.add(name: "Connection", value: "close")
            let body = error.buffer
            head.headers.add(name: "Content-Length", value: String(body.readableBytes))
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            context.write(wrapOutboundOut(.end(nil)), promise: nil)
            finish(context)
        }
    }

    /// Closes once the client has what was said.
    ///
    /// What it still sends is read for a while: a connection that is closed before is reset, and the answer lost.
    private func finish(_ context: ChannelHandlerContext) {
        watch.finished(at: .now)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let flushed = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer()))), promise: flushed)
        flushed.futureResult.whenComplete { _ in
            bound.value.isFlushed = true
            guard let context = bound.value.context else { return }
            context.close(mode: bound.value.isInputClosed ? .all : .output, promise: nil)
        }
        arm()
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
        case .refuse(let reason):
            watch.requestReceived()
            refuse(
                APIError(.requestTimeout, reason, type: "invalid_request_error", code: "request_timeout"))
            if !conversation.isOver { arm() }
        case .probe:
            watch.probed(at: now)
            if conversation.takesInterim { interim(context) }
            arm()
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
