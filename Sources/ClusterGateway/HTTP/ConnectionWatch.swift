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
    /// While bytes wait for the client and it takes none.
    package var writeStall: Duration = Limits.writeStallTimeout

    package init() {}
}

/// Decides when a client has kept a connection waiting for too long: a slow header, a slow body, an answer that
/// is not taken.
///
/// Idle connections are the server's own business.
package struct ConnectionWatch: Equatable, Sendable {
    package typealias Instant = ContinuousClock.Instant

    package enum Verdict: Equatable, Sendable {
        /// Nothing is waited for.
        case rest
        /// Ask again then.
        case wait(until: Instant)
        case close(reason: String)
    }

    private let timeouts: ConnectionTimeouts
    /// Since when bytes of a header have come that is not complete.
    private var headSince: Instant?
    /// Since when a body comes that is not complete.
    private var bodySince: Instant?
    /// Requests whose answer is not complete.
    private(set) var owedCount = 0
    /// Bytes that the client has taken, and since when it has taken no more though there are.
    private var takenByteCount = 0
    private var stalledSince: Instant?

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

    /// An answer is complete, as far as this side goes.
    package mutating func answered(at now: Instant) {
        owedCount = max(0, owedCount - 1)
        // The next header may have waited for its turn.
        if headSince != nil { headSince = now }
    }

    /// - Parameters:
    ///   - taken: bytes that have gone into the connection so far.
    ///   - waiting: bytes that wait behind them.
    package mutating func wrote(taken: Int, waiting: Int, at now: Instant) {
        if waiting == 0 {
            stalledSince = nil
        } else if stalledSince == nil || taken > takenByteCount {
            stalledSince = now
        }
        takenByteCount = taken
    }

    package func verdict(at now: Instant) -> Verdict {
        let heads = owedCount == 0 ? headSince : nil
        let waits: [(since: Instant?, most: Duration, reason: String)] = [
            (heads, timeouts.head, "the header of a request was not complete in time"),
            (bodySince, timeouts.body, "the body of a request was not complete in time"),
            (stalledSince, timeouts.writeStall, "the client takes nothing of its answer"),
        ]
        var next: Instant?
        for wait in waits {
            guard let deadline = wait.since?.advanced(by: wait.most) else { continue }
            if now >= deadline { return .close(reason: wait.reason) }
            next = next.map { min($0, deadline) } ?? deadline
        }
        return next.map(Verdict.wait) ?? .rest
    }
}
