// SPDX-License-Identifier: MIT
import BitNetCore
package import ClusterWire
import NIOCore

/// One connection that carries frames.
///
/// Sending never blocks; reading always has a deadline.
package final class FrameConnection: Sendable {
    /// Who is at the other end, for messages: an address, or the name from workers.yaml with its address.
    package let peer: String
    let channel: any Channel
    /// Of a listener's side.
    let pass: ConnectionGate.Pass?
    private let handler: NIOLoopBound<FrameHandler>
    /// What went over it since its beginning, without encryption.
    package let traffic: Traffic
    private let link: LinkState

    init(
        channel: any Channel, peer: String, pass: ConnectionGate.Pass?, handler: NIOLoopBound<FrameHandler>,
        traffic: Traffic, link: LinkState
    ) {
        self.channel = channel
        self.peer = peer
        self.pass = pass
        self.handler = handler
        self.traffic = traffic
        self.link = link
    }

    /// Whether others on the network can neither read nor change what goes over it; known with the first frame.
    package var isEncrypted: Bool { link.isEncrypted }

    /// Sends and forgets: a connection that breaks says so to its reader.
    ///
    /// Frames leave in the order of the calls, whatever threads these come from.
    package func send(_ frame: Frame) {
        traffic.sent(frame.header.frameByteCount)
        // On the event loop, too: a write that it carries out at once would overtake those that wait for it.
        channel.eventLoop.execute { [channel] in channel.writeAndFlush(frame.bytes, promise: nil) }
    }

    /// Sends and returns once the bytes are with the kernel.
    ///
    /// - Throws: ``TransportError``; `CancellationError` at once when the task is cancelled.
    package func sendFlushed(_ frame: Frame, within duration: Duration) async throws {
        let written = channel.eventLoop.makePromise(of: Void.self)
        let peer = peer
        let deadline = channel.eventLoop.scheduleTask(in: TimeAmount(duration)) {
            written.fail(TransportError(.deadline, "\(peer) took no data for \(duration)"))
        }
        traffic.sent(frame.header.frameByteCount)
        channel.writeAndFlush(frame.bytes).whenComplete { result in
            deadline.cancel()
            switch result {
            case .success: written.succeed()
            case .failure(let error):
                written.fail(TransportError(.closed, "connection to \(peer) broke: \(error.words)"))
            }
        }
        try await withTaskCancellationHandler {
            try await written.futureResult.get()
        } onCancel: {
            // What completes a promise first counts.
            channel.eventLoop.execute { written.fail(CancellationError()) }
        }
    }

    /// The next frame.
    ///
    /// - Throws: ``TransportError`` when the peer closes, breaks the protocol, or is silent for `duration`;
    ///   `CancellationError` at once when the task is cancelled, which loses no frame.
    package func next(within duration: Duration) async throws -> Frame {
        let handler = handler
        let eventLoop = channel.eventLoop
        let wait = FrameWait()
        return try await withTaskCancellationHandler {
            try await eventLoop.flatSubmit { handler.value.next(within: TimeAmount(duration), wait) }.get()
        } onCancel: {
            // In this order: whoever begins to wait afterwards sees the first, whoever waits gets the second.
            wait.end()
            eventLoop.execute { handler.value.giveUp(wait) }
        }
    }

    /// Takes frames above the control limit from now on, too.
    func trustPeer() {
        let handler = handler
        channel.eventLoop.execute { handler.value.trustPeer() }
    }

    /// From now on every frame goes to `sink` on the event loop; ``next(within:)`` must not be used again.
    package func deliver(to sink: FrameSink) {
        let handler = handler
        channel.eventLoop.execute { handler.value.deliver(to: sink) }
    }

    /// Returns when the connection is closed by either side.
    package func closed() async throws {
        try await channel.closeFuture.get()
    }

    /// Closes at once; what must arrive first goes through ``sendFlushed(_:within:)``.
    package func close() {
        channel.close(promise: nil)
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
