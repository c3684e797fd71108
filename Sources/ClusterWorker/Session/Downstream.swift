// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterTransport
package import ClusterWire
import Synchronization

/// The connection on which a stage's frames leave: to the next worker, or to the coordinator when it is the last.
///
/// The compute queue sends; the session connects and closes. A coordinator whose connection is let in may have sent its
/// first steps on another one before the session knows of it: what they give waits here.
package final class Downstream: Sendable {
    private enum State {
        case awaited([EarlyFrame])
        case connected(DirectSender)
        case closed

        var sender: DirectSender? {
            guard case .connected(let sender) = self else { return nil }
            return sender
        }
    }

    private struct EarlyFrame {
        let frame: Frame
        let sent: @Sendable () -> Void
    }

    private let state = Mutex(State.awaited([]))

    package init() {}

    /// From now on nothing else may send on `next`.
    ///
    /// The first connection is kept until ``close()``; another one, or one that comes after that, is closed.
    ///
    /// - Parameters:
    ///   - peer: Who listens there, for messages.
    ///   - report: Called when the peer sends something, or the connection is gone; then there is no way on.
    /// - Returns: whether it was the first.
    func connect(
        to next: FrameConnection, named peer: String, report: @escaping @Sendable (String) -> Void
    ) -> Bool {
        let direct = DirectSender(next)
        let isWanted = state.withLock { state in
            switch state {
            case .closed, .connected: return false
            // Under the lock, so that later frames do not overtake them.
            case .awaited(let early): for item in early { direct.send(item.frame, sent: item.sent) }
            }
            state = .connected(direct)
            return true
        }
        guard isWanted else {
            next.close()
            return false
        }
        next.deliver(
            to: FrameSink(
                received: { report("\(peer) sent a \($0.type) against the stream") },
                closed: { report("the connection to \(peer) is gone: \($0.words)") }))
        return true
    }

    /// Sends a frame, now or as soon as there is a connection; after the end it is dropped.
    ///
    /// - Parameter sent: called when the kernel has all bytes.
    /// - Returns: `false`, once, if too many wait; then this is the end.
    package func send(_ frame: Frame, sent: @escaping @Sendable () -> Void) -> Bool {
        let (sender, isTaken) = state.withLock { state -> (DirectSender?, Bool) in
            switch state {
            case .closed: return (nil, true)
            case .connected(let sender): return (sender, true)
            case .awaited(let early):
                let waiting = early + [EarlyFrame(frame: frame, sent: sent)]
                // Outcomes are small; of the hops of a stage whose neighbour is missing hardly one is held.
                let byteCount = waiting.reduce(0) { $0 + $1.frame.header.frameByteCount }
                let isRoom =
                    waiting.count <= Limits.stageQueueStepsMax && byteCount <= Limits.activationBytesMax
                state = isRoom ? .awaited(waiting) : .closed
                return (nil, isRoom)
            }
        }
        sender?.send(frame, sent: sent)
        return isTaken
    }

    /// What went over the connection, if there is one.
    var traffic: Traffic? { state.withLock(\.sender)?.traffic }

    package func close() {
        state.withLock { state in
            defer { state = .closed }
            return state.sender
        }?.close()
    }
}
