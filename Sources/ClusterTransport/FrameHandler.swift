// SPDX-License-Identifier: MIT
import BitNetCore
package import ClusterWire
import NIOCore
import Synchronization

/// Turns a connection's bytes into frames and hands each to its one consumer.
///
/// At first frames wait in a short queue for ``next(within:)``; once the connection's purpose is known a
/// consumer may take them directly on the event loop with ``deliver(to:)``. Everything here runs on the
/// channel's event loop.
final class FrameHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private enum Consumer {
        case none
        case one(EventLoopPromise<Frame>, deadline: Scheduled<Void>, FrameWait)
        case sink(FrameSink)
    }

    private let peer: String
    private let eventLoop: any EventLoop
    private let traffic: Traffic
    private var decoder = FrameDecoder()
    private var waiting: [Frame] = []
    private var consumer = Consumer.none
    private var end: (any Error)?
    private var context: ChannelHandlerContext?
    private var isReading = true

    init(peer: String, eventLoop: any EventLoop, traffic: Traffic) {
        self.peer = peer
        self.traffic = traffic
        self.eventLoop = eventLoop
        decoder.payloadBytesMax = Limits.controlBytesMax
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish(TransportError(.closed, "\(peer) closed the connection"))
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard end == nil else { return }
        let bytes = unwrapInboundIn(data)
        traffic.received(bytes.readableBytes)
        decoder.append(bytes)
        do throws(WireError) {
            while let frame = try decoder.next() { take(frame) }
        } catch {
            fail(TransportError(.violation, "\(peer) sent what is not a frame: \(error.message)"))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(TransportError(.closed, "\(peer) closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(TransportError(error, of: peer))
    }

    /// The peer has proved itself: weights and activations are taken from now on.
    func trustPeer() {
        decoder.payloadBytesMax = Limits.activationBytesMax
    }

    /// The next frame; fails after `duration` of silence, and once nobody waits for it any more.
    func next(within duration: TimeAmount, _ wait: FrameWait) -> EventLoopFuture<Frame> {
        guard !wait.isOver else { return eventLoop.makeFailedFuture(CancellationError()) }
        if !waiting.isEmpty {
            let frame = waiting.removeFirst()
            resumeReading()
            return eventLoop.makeSucceededFuture(frame)
        }
        if let end { return eventLoop.makeFailedFuture(end) }
        guard case .none = consumer else {
            preconditionFailure("two consumers of one connection to \(peer)")
        }
        let promise = eventLoop.makePromise(of: Frame.self)
        let deadline = eventLoop.assumeIsolated().scheduleTask(in: duration) {
            guard case .one(let promise, _, _) = self.consumer else { return }
            self.consumer = .none
            promise.fail(
                TransportError(
                    .deadline, "\(self.peer) did not answer within \(duration.nanoseconds / 1_000_000) ms"))
        }
        consumer = .one(promise, deadline: deadline, wait)
        return promise.futureResult
    }

    /// What began with ``next(within:_:)`` is over, if it is not already.
    func giveUp(_ wait: FrameWait) {
        guard case .one(let promise, let deadline, wait) = consumer else { return }
        consumer = .none
        deadline.cancel()
        promise.fail(CancellationError())
    }

    /// From now on every frame goes to `sink`, on the event loop.
    func deliver(to sink: FrameSink) {
        consumer = .sink(sink)
        let early = waiting
        waiting = []
        for frame in early { sink.received(frame) }
        resumeReading()
        if let end { sink.closed(end) }
    }

    private func take(_ frame: Frame) {
        switch consumer {
        case .sink(let sink):
            sink.received(frame)
        case .one(let promise, let deadline, _):
            consumer = .none
            deadline.cancel()
            promise.succeed(frame)
        case .none:
            waiting.append(frame)
            if waiting.count >= Limits.waitingFramesMax { pauseReading() }
        }
    }

    private func fail(_ error: TransportError) {
        finish(error)
        context?.close(promise: nil)
    }

    private func finish(_ error: any Error) {
        guard end == nil else { return }
        end = error
        switch consumer {
        case .sink(let sink):
            sink.closed(error)
        case .one(let promise, let deadline, _):
            consumer = .none
            deadline.cancel()
            promise.fail(error)
        case .none:
            break
        }
    }

    private func pauseReading() {
        guard isReading else { return }
        isReading = false
        context?.channel.setOption(.autoRead, value: false).whenFailure { _ in }
    }

    private func resumeReading() {
        guard !isReading, waiting.isEmpty else { return }
        isReading = true
        context?.channel.setOption(.autoRead, value: true).whenFailure { _ in }
    }
}

/// Somebody's wait for a frame.
final class FrameWait: Sendable, Equatable {
    private let hasEnded = Atomic(false)

    var isOver: Bool { hasEnded.load(ordering: .sequentiallyConsistent) }

    func end() { hasEnded.store(true, ordering: .sequentiallyConsistent) }

    static func == (one: FrameWait, other: FrameWait) -> Bool { one === other }
}

/// Takes a connection's frames on its event loop.
///
/// Must return at once.
package struct FrameSink: Sendable {
    package let received: @Sendable (Frame) -> Void
    package let closed: @Sendable (any Error) -> Void

    package init(
        received: @escaping @Sendable (Frame) -> Void, closed: @escaping @Sendable (any Error) -> Void
    ) {
        self.received = received
        self.closed = closed
    }
}
