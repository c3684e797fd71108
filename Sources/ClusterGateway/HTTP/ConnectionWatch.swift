// SPDX-License-Identifier: MIT
import BitNetCore

/// How long a client may take for what.
package struct ConnectionTimeouts: Equatable, Sendable {
    /// From a request's first byte to the end of its header.
    package var head: Duration = Limits.requestHeadTimeout
    /// From there to the end of its body.
    package var body: Duration = Limits.requestBodyTimeout
    /// Between two requests.
    package var keepAlive: Duration = Limits.keepAliveTimeout
    /// While bytes wait for the client, within which it takes `writeBytesMin` of them.
    package var writeStall: Duration = Limits.writeStallTimeout
    /// Bytes.
    package var writeBytesMin = Limits.answerBytesMin
    /// Between two looks whether a client that has sent all it wants is still there.
    package var presence: Duration = Limits.presenceInterval
    /// From the last byte of the last answer to the end of the connection.
    package var linger: Duration = Limits.closingTimeout

    package init() {}
}

/// Decides when a client has kept a connection waiting for too long: a slow header, a slow body, an answer that
/// is taken too slowly; and when to see whether it is there.
///
/// Idle connections are the server's own business.
package struct ConnectionWatch: Equatable, Sendable {
    package typealias Instant = ContinuousClock.Instant

    package enum Verdict: Equatable, Sendable {
        /// Nothing is waited for.
        case rest
        /// Ask again then.
        case wait(until: Instant)
        /// To be told so, if it is not too late for that.
        case refuse(reason: String)
        case close(reason: String)
        /// To be sent something that shows whether anybody is there.
        case probe
    }

    private let timeouts: ConnectionTimeouts
    /// Since when bytes of a header have come that is not complete.
    private var headSince: Instant?
    /// Since when a body comes that is not complete.
    private var bodySince: Instant?
    /// Requests whose answer is not complete.
    private(set) var owedCount = 0
    private var isAnswering = false
    /// Bytes that the client has taken, when more waited for it.
    private var window: (since: Instant, takenByteCount: Int)?
    /// When it closed its side, or was last seen to be there after that.
    private var unseenSince: Instant?
    /// Since when the last answer is complete.
    private var finishedSince: Instant?

    package static func == (a: Self, b: Self) -> Bool {
        a.timeouts == b.timeouts && a.headSince == b.headSince && a.bodySince == b.bodySince
            && a.owedCount == b.owedCount && a.isAnswering == b.isAnswering
            && a.window?.since == b.window?.since && a.window?.takenByteCount == b.window?.takenByteCount
            && a.unseenSince == b.unseenSince && a.finishedSince == b.finishedSince
    }

    package init(timeouts: ConnectionTimeouts = .init()) {
        self.timeouts = timeouts
    }

    /// Bytes have come, of whatever.
    package mutating func received(at now: Instant) {
        if bodySince == nil, headSince == nil { headSince = now }
    }

    package mutating func headReceived(at now: Instant) {
        headSince = nil
        bodySince = now
        owedCount += 1
    }

    package mutating func requestReceived() {
        headSince = nil
        bodySince = nil
    }

    /// The client sends no more; what waits for its answer may have been left behind.
    package mutating func inputClosed(at now: Instant) {
        requestReceived()
        unseenSince = now
    }

    package mutating func probed(at now: Instant) { unseenSince = now }

    /// An answer has begun: what is written shows from now on whether the client is there.
    package mutating func answering() { isAnswering = true }

    /// An answer is complete, as far as this side goes.
    package mutating func answered(at now: Instant) {
        owedCount = max(0, owedCount - 1)
        isAnswering = false
        // The next header may have waited for its turn.
        if headSince != nil { headSince = now }
    }

    /// Nothing is said any more.
    package mutating func finished(at now: Instant) {
        requestReceived()
        finishedSince = finishedSince ?? now
    }

    /// - Parameters:
    ///   - taken: bytes that have gone into the connection so far.
    ///   - waiting: bytes that wait behind them.
    package mutating func wrote(taken: Int, waiting: Int, at now: Instant) {
        guard waiting > 0 else {
            window = nil
            return
        }
        guard let window, taken - window.takenByteCount < timeouts.writeBytesMin else {
            self.window = (now, taken)
            return
        }
    }

    package func verdict(at now: Instant) -> Verdict {
        let heads = owedCount == 0 ? headSince : nil
        let unseen = owedCount > 0 && !isAnswering ? unseenSince : nil
        // A client that takes its last answer slowly has the time for that.
        let lingering = window == nil ? finishedSince : nil
        let waits: [(since: Instant?, most: Duration, verdict: Verdict)] = [
            (
                window?.since, timeouts.writeStall,
                .close(reason: "the client hardly takes anything of its answer")
            ),
            (lingering, timeouts.linger, .close(reason: "the last answer is complete")),
            (heads, timeouts.head, .refuse(reason: "the header of the request was not complete in time")),
            (bodySince, timeouts.body, .refuse(reason: "the body of the request was not complete in time")),
            (unseen, timeouts.presence, .probe),
        ]
        var next: Instant?
        for wait in waits {
            guard let deadline = wait.since?.advanced(by: wait.most) else { continue }
            if now >= deadline { return wait.verdict }
            next = next.map { min($0, deadline) } ?? deadline
        }
        return next.map(Verdict.wait) ?? .rest
    }
}
