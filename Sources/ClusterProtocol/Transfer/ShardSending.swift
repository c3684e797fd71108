// SPDX-License-Identifier: MIT

package import BitNetCore

/// Sends one worker the parts that it lacks, as they become known.
///
/// Parts are offered ahead, so that the worker looks at its disk for the next ones, and checks and syncs the last
/// ones, while a part's bytes are under way; only one part's bytes are at a time. What is under way is bounded by
/// a ``SendWindow``. Each event returns what to do next; after `.done` or `.fail` nothing more is to be done.
package struct ShardSending: Equatable, Sendable {
    private enum Phase: Equatable {
        /// The worker looks at its disk.
        case offered
        /// The worker takes bytes from `sent` on.
        case sending
        /// The worker checks and syncs.
        case ended
    }

    private struct Transfer: Equatable {
        let number: UInt64
        let part: PartReference
        var phase = Phase.offered
        /// Where the next chunk begins.
        var sent: UInt64 = 0
        /// Where the bytes end that the worker has written.
        var written: UInt64 = 0
    }

    private struct Chunk: Equatable {
        let transfer: UInt64
        let count: Int
    }

    /// Parts that are to be offered.
    private var coming: [PartReference] = []
    private var known: Set<ContentDigest> = []
    private var hasAllParts = false
    /// In the order of their offers.
    private var open: [Transfer] = []
    private var lastNumber: UInt64 = 0
    /// The bytes of a `.send` directive that the shell has not carried out yet.
    private var outgoing: Chunk?
    /// The transfer whose bytes are being sent.
    private var current: UInt64?
    private var rejectionCounts: [ContentDigest: Int] = [:]
    private var window = SendWindow()
    private var lastProgress: ContinuousClock.Instant
    private var isOver = false

    /// Bytes of all the shard's files.
    package let totalByteCount: UInt64
    /// Bytes that need not be sent, because the worker had them before.
    package private(set) var presentByteCount: UInt64 = 0
    /// Bytes sent so far, repetitions included.
    package private(set) var sentByteCount: UInt64 = 0
    /// Bytes that the worker has written of those.
    package private(set) var writtenByteCount: UInt64 = 0

    /// - Parameter totalByteCount: bytes of all the shard's files.
    package init(totalByteCount: UInt64, now: ContinuousClock.Instant) {
        self.totalByteCount = totalByteCount
        lastProgress = now
    }

    // MARK: Parts

    /// A part of the shard has become known; one that was known before is passed over.
    package mutating func add(_ part: PartReference, now: ContinuousClock.Instant) -> [Directive] {
        guard known.insert(part.digest).inserted else { return [] }
        coming.append(part)
        return next(now)
    }

    /// A part of the shard is complete on the worker.
    package mutating func skip(_ part: PartReference) {
        guard known.insert(part.digest).inserted else { return }
        presentByteCount += part.byteCount
    }

    /// No more parts will be added.
    package mutating func finish(now: ContinuousClock.Instant) -> [Directive] {
        hasAllParts = true
        return next(now)
    }

    /// Whether the worker has found `part` damaged: what it was sent from is to be looked at.
    package func wasRejected(_ part: PartReference) -> Bool { rejectionCounts[part.digest] != nil }

    // MARK: What the worker says

    /// The answer to an offer.
    package mutating func status(
        transfer number: UInt64, digest: ContentDigest, presentByteCount present: UInt64, isComplete: Bool,
        now: ContinuousClock.Instant
    ) -> [Directive] {
        guard !isOver else { return [] }
        guard let index = index(number, in: .offered) else {
            return unexpected("an answer to an offer", number)
        }
        let part = open[index].part
        guard digest == part.digest else { return mistaken(digest, part) }
        guard present <= part.byteCount else {
            return fail(
                .violation,
                "it says that it has \(present) bytes of the \(part.kind), which has \(part.byteCount)")
        }
        guard isComplete || present == 0 || rejectionCounts[digest] == nil else {
            return fail(.violation, "it keeps \(present) bytes of the \(part.kind), which it has rejected")
        }
        lastProgress = now
        presentByteCount += isComplete ? part.byteCount : present
        if isComplete {
            open.remove(at: index)
        } else {
            open[index].phase = .sending
            open[index].sent = present
            open[index].written = present
        }
        return next(now)
    }

    /// The worker has written the bytes of a part up to `byteCount`.
    package mutating func progress(
        transfer number: UInt64, writtenByteCount byteCount: UInt64, now: ContinuousClock.Instant
    ) -> [Directive] {
        guard !isOver else { return [] }
        guard let index = open.firstIndex(where: { $0.number == number && $0.phase != .offered }) else {
            return unexpected("a report of bytes written", number)
        }
        guard (open[index].written...open[index].sent).contains(byteCount) else {
            return fail(
                .violation,
                "it says that \(byteCount) bytes of the \(open[index].part.kind) are written, after "
                    + "\(open[index].written), of \(open[index].sent) sent")
        }
        lastProgress = now
        acknowledge(index, upTo: byteCount, now)
        return next(now)
    }

    /// The worker has checked a part.
    package mutating func result(
        transfer number: UInt64, digest: ContentDigest, isAccepted: Bool, message: String,
        now: ContinuousClock.Instant
    ) -> [Directive] {
        guard !isOver else { return [] }
        guard let index = index(number, in: .ended) else { return unexpected("a verdict on a part", number) }
        let part = open[index].part
        guard digest == part.digest else { return mistaken(digest, part) }
        lastProgress = now
        acknowledge(index, upTo: open[index].sent, now)
        open.remove(at: index)
        guard !isAccepted else { return next(now) }
        let count = rejectionCounts[digest, default: 0] + 1
        rejectionCounts[digest] = count
        guard count <= Limits.partRetriesMax else {
            return fail(
                .rejected, "the \(part.kind) was rejected \(count) times, last because: \(message)")
        }
        coming.insert(part, at: 0)
        return next(now)
    }

    // MARK: What happens here

    /// The bytes of the last `.send` are on their way.
    package mutating func sent(now: ContinuousClock.Instant) -> [Directive] {
        guard let chunk = outgoing else { preconditionFailure("bytes sent, but none were due") }
        outgoing = nil
        guard !isOver else { return [] }
        guard let index = index(chunk.transfer, in: .sending) else {
            preconditionFailure("bytes of transfer \(chunk.transfer) sent in \(open)")
        }
        if window.unacknowledgedByteCount == 0 { lastProgress = now }
        window.sent(chunk.count, now: now)
        sentByteCount += UInt64(chunk.count)
        open[index].sent += UInt64(chunk.count)
        return next(now)
    }

    /// Time has passed.
    package mutating func tick(now: ContinuousClock.Instant) -> [Directive] {
        guard !isOver, !open.isEmpty else { return [] }
        // Hashing and syncing the largest part may take its time, writing a chunk may not.
        let isWriting = window.unacknowledgedByteCount > 0
        let limit = isWriting ? Limits.transferTimeout : Limits.loadTimeout
        guard lastProgress.duration(to: now) >= limit else { return [] }
        return fail(
            .stalled,
            isWriting
                ? "it has written none of \(window.unacknowledgedByteCount) bytes for \(limit); look at its disk and "
                    + "at the link" : "it has said nothing of the \(open[0].part.kind) for \(limit)")
    }

    // MARK: Deciding

    private mutating func next(_ now: ContinuousClock.Instant) -> [Directive] {
        guard !isOver else { return [] }
        var directives: [Directive] = []
        while open.count < Limits.transfersMax, !coming.isEmpty {
            lastNumber += 1
            if open.isEmpty { lastProgress = now }
            let part = coming.removeFirst()
            open.append(Transfer(number: lastNumber, part: part))
            directives.append(.offer(part, transfer: lastNumber))
        }
        while outgoing == nil, let index = currentIndex() {
            let transfer = open[index]
            let left = transfer.part.byteCount - transfer.sent
            guard left > 0 else {
                open[index].phase = .ended
                current = nil
                directives.append(.end(transfer.part, transfer: transfer.number))
                continue
            }
            let count = window.room(for: left)
            guard count > 0 else { break }
            outgoing = Chunk(transfer: transfer.number, count: count)
            directives.append(
                .send(transfer.part, transfer: transfer.number, offset: transfer.sent, count: count))
        }
        if hasAllParts, open.isEmpty, coming.isEmpty {
            isOver = true
            directives.append(.done)
        }
        return directives
    }

    /// The part whose bytes are under way already, or the first that is ready.
    private mutating func currentIndex() -> Int? {
        let index =
            open.firstIndex { $0.number == current } ?? open.firstIndex { $0.phase == .sending }
        current = index.map { open[$0].number }
        return index
    }

    private mutating func acknowledge(_ index: Int, upTo byteCount: UInt64, _ now: ContinuousClock.Instant) {
        let count = byteCount - open[index].written
        guard count > 0 else { return }
        open[index].written = byteCount
        writtenByteCount += count
        window.acknowledged(count, now: now)
    }

    private func index(_ number: UInt64, in phase: Phase) -> Int? {
        open.firstIndex { $0.number == number && $0.phase == phase }
    }

    private mutating func unexpected(_ event: String, _ number: UInt64) -> [Directive] {
        fail(.violation, "\(event) of transfer \(number) came when none was due")
    }

    private mutating func mistaken(_ digest: ContentDigest, _ part: PartReference) -> [Directive] {
        fail(
            .violation,
            "it answered for part \(digest.short) instead of \(part.digest.short), the \(part.kind)")
    }

    private mutating func fail(_ code: TransferError.Code, _ message: String) -> [Directive] {
        isOver = true
        return [.fail(TransferError(code, message))]
    }
}
