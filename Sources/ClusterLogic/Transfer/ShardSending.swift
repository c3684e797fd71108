// SPDX-License-Identifier: MIT

package import BitNetCore

/// Sends one worker the parts of its shard that it lacks, one after another.
///
/// Each event returns what to do next; after `.done` or `.fail` nothing more is to be done.
package struct ShardSending: Equatable, Sendable {
    /// Bytes of a part in one message: a frame's limit less the offset that stands before them.
    package static let chunkBytesMax = Limits.weightBytesMax - MemoryLayout<UInt64>.size
    /// How often a part that arrived damaged is sent again.
    package static let retriesMax = 2

    private enum State: Equatable {
        case ready
        case offered(PartReference)
        case sending(PartReference, offset: UInt64, count: Int)
        case ended(PartReference)
        case over
    }

    /// Parts that are not complete on the worker, in manifest order, the current one first.
    private var missing: ArraySlice<PartReference>
    private var state = State.ready
    /// Rejections of the current part.
    private var rejectionCount = 0
    /// What the worker has of the parts that are not complete, as far as is known.
    private var resumable: [ContentDigest: UInt64]

    /// Bytes of all the shard's files.
    package let totalByteCount: UInt64
    /// Bytes that need not be sent, because the worker had them before.
    package private(set) var presentByteCount: UInt64
    /// Bytes sent so far, repetitions included.
    package private(set) var sentByteCount: UInt64 = 0
    /// The shard's files.
    package let partCount: Int

    /// - Parameters:
    ///   - files: the shard's files, each once.
    ///   - present: what the worker says it has; what is not among `files` is ignored.
    package init(files: [PartReference], present: [Presence]) {
        let present = Dictionary(present.map { ($0.digest, $0) }, uniquingKeysWith: { _, last in last })
        missing = files.filter { present[$0.digest]?.isComplete != true }[...]
        resumable = [:]
        presentByteCount = 0
        totalByteCount = files.reduce(0) { $0 + $1.byteCount }
        partCount = files.count
        for part in files {
            guard let presence = present[part.digest] else { continue }
            if presence.isComplete {
                presentByteCount += part.byteCount
            } else if presence.byteCount <= part.byteCount {
                resumable[part.digest] = presence.byteCount
                presentByteCount += presence.byteCount
            }
        }
    }

    /// The worker has everything.
    package var isDone: Bool { missing.isEmpty }

    /// Files that are complete on the worker.
    package var completePartCount: Int { partCount - missing.count }

    /// The connection is open.
    package mutating func start() -> [Directive] {
        precondition(state == .ready, "started in \(state)")
        return next()
    }

    /// The worker answered the offer.
    package mutating func status(
        digest: ContentDigest, presentByteCount present: UInt64, isComplete: Bool
    ) -> [Directive] {
        guard case .offered(let part) = state else { return unexpected("an answer to an offer") }
        guard digest == part.digest else { return mistaken(digest, part) }
        guard present <= part.byteCount else {
            return fail(
                .violation,
                "it says that it has \(present) bytes of the \(part.kind), which has \(part.byteCount)")
        }
        guard isComplete || present == 0 || rejectionCount == 0 else {
            return fail(.violation, "it keeps \(present) bytes of the \(part.kind), which it has rejected")
        }
        // The directory may have changed since the first answer; the last word counts.
        let had = isComplete ? part.byteCount : present
        presentByteCount -= resumable[part.digest] ?? 0
        presentByteCount += had
        resumable[part.digest] = had
        return isComplete ? advance() : send(part, from: present)
    }

    /// The bytes of the last `.send` are on their way and there is room for more.
    package mutating func sent(_ count: Int) -> [Directive] {
        guard case .sending(let part, let offset, count) = state else {
            preconditionFailure("\(count) bytes sent in \(state)")
        }
        sentByteCount += UInt64(count)
        return send(part, from: offset + UInt64(count))
    }

    /// The worker has checked the part.
    package mutating func result(
        digest: ContentDigest, isAccepted: Bool, message: String
    ) -> [Directive] {
        guard case .ended(let part) = state else { return unexpected("a verdict on a part") }
        guard digest == part.digest else { return mistaken(digest, part) }
        if isAccepted { return advance() }
        rejectionCount += 1
        guard rejectionCount <= Self.retriesMax else {
            return fail(
                .rejected, "the \(part.kind) was rejected \(rejectionCount) times, last because: \(message)")
        }
        return next()
    }

    private mutating func advance() -> [Directive] {
        missing = missing.dropFirst()
        rejectionCount = 0
        return next()
    }

    private mutating func next() -> [Directive] {
        guard let part = missing.first else {
            state = .over
            return [.done]
        }
        state = .offered(part)
        return [.offer(part)]
    }

    private mutating func send(_ part: PartReference, from offset: UInt64) -> [Directive] {
        let count = Int(min(part.byteCount - offset, UInt64(Self.chunkBytesMax)))
        guard count > 0 else {
            state = .ended(part)
            return [.end(part)]
        }
        state = .sending(part, offset: offset, count: count)
        return [.send(part, offset: offset, count: count)]
    }

    private mutating func unexpected(_ event: String) -> [Directive] {
        // After the end whatever still arrives is dropped: the connection is being closed.
        state == .over ? [] : fail(.violation, "\(event) came when none was due")
    }

    private mutating func mistaken(_ digest: ContentDigest, _ part: PartReference) -> [Directive] {
        fail(
            .violation,
            "it answered for part \(digest.short) instead of \(part.digest.short), the \(part.kind)")
    }

    private mutating func fail(_ code: TransferError.Code, _ message: String) -> [Directive] {
        state = .over
        return [.fail(TransferError(code, message))]
    }
}
