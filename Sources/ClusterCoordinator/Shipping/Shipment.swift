// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterProtocol
import ClusterTransport
import ClusterWire
import NIOPosix
import Synchronization

/// Sends one worker the parts that it lacks, as they become known.
final class Shipment: Sendable {
    private struct State {
        var sending: ShardSending
        /// By earlier runs.
        var sentBefore: UInt64 = 0
        /// What the machine asked for and is not carried out yet.
        var directives: [ShardSending.Directive] = []
        var failure: (any Error)?
        var firstSend: ContinuousClock.Instant?
    }

    private let control: WorkerControl
    private let model: PackedModel
    private let layers: [LayerRange]
    private let dialer: PeerDialer
    private let progress: @Sendable (ShippingProgress) -> Void
    private let state: Mutex<State>
    /// Tells the sender that there is something to do.
    private let wakeups: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// - Parameter layers: of the stages whose parts are sent to the worker of `control`.
    init(
        to control: WorkerControl, model: PackedModel, layers: [LayerRange], dialer: PeerDialer,
        progress: @escaping @Sendable (ShippingProgress) -> Void
    ) {
        self.control = control
        self.model = model
        self.layers = layers
        self.dialer = dialer
        self.progress = progress
        let size = model.file.size(ofStages: layers).byteCount
        state = Mutex(State(sending: ShardSending(totalByteCount: size, now: .now)))
        (wakeups, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Bytes that were sent so far, repetitions included.
    var sentByteCount: UInt64 { state.withLock { $0.sentBefore + $0.sending.sentByteCount } }

    /// Sends all parts of the stages, in order, but for those that the worker has, each as soon as it is known.
    ///
    /// - Parameter complete: the parts that the worker says it has, verified.
    /// - Throws: ``ClusterError`` naming the worker, `TransportError` when a connection breaks, what ended the
    ///   conversion.
    func run(complete: Set<ContentDigest> = []) async throws {
        control.forgetWorstRoundTrip()
        state.withLock { state in
            let total = state.sending.totalByteCount
            state = State(
                sending: ShardSending(totalByteCount: total, now: .now),
                sentBefore: state.sentBefore + state.sending.sentByteCount)
        }
        let connection = try await dialer.connect(.weights, to: control.worker).connection
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer {
                connection.close()
                group.cancelAll()
            }
            group.addTask { await self.supply(complete) }
            group.addTask { await self.listen(to: connection) }
            group.addTask { await self.watch() }
            try await send(on: connection)
        }
        report(isLast: true)
    }

    /// Says that there was nothing to send.
    func reportNothing() {
        state.withLock { state in
            for part in layers.flatMap({ model.manifest(layers: $0).files }) { state.sending.skip(part) }
        }
        report(isLast: true)
    }

    // MARK: What happens

    private func handle(_ event: (inout ShardSending) throws -> [ShardSending.Directive]) {
        state.withLock { state in
            do {
                state.directives += try event(&state.sending)
            } catch {
                if state.failure == nil { state.failure = error }
            }
        }
        wake.yield()
    }

    private func supply(_ complete: Set<ContentDigest>) async {
        do {
            for kind in layers.flatMap({ ShardManifest.kinds(layers: $0, of: model.file.description) }) {
                let part = try await model.reference(of: kind)
                handle { sending in
                    guard complete.contains(part.digest) else { return sending.add(part, now: .now) }
                    sending.skip(part)
                    return []
                }
            }
            handle { $0.finish(now: .now) }
        } catch {
            handle { _ in throw error }
        }
    }

    private func listen(to connection: FrameConnection) async {
        do {
            while true {
                let frame = try await connection.next(within: Limits.loadTimeout)
                handle { try self.receive(frame, &$0) }
            }
        } catch {
            handle { _ in throw error }
        }
    }

    private func watch() async {
        while !Task.isCancelled {
            handle { sending in
                // A worker that is lost need not close this connection.
                if let failure = control.failure { throw failure }
                return sending.tick(now: .now)
            }
            try? await Task.sleep(for: Limits.heartbeatInterval)
        }
    }

    private func receive(_ frame: Frame, _ sending: inout ShardSending) throws -> [ShardSending.Directive] {
        let transfer = frame.stream
        switch frame.type {
        case .partStatus:
            let answer = try PartStatus.decode(frame.payload)
            return sending.status(
                transfer: transfer, digest: answer.digest, presentByteCount: answer.presentByteCount,
                isComplete: answer.isComplete, now: .now)
        case .partProgress:
            let written = try PartProgress.decode(frame.payload).writtenByteCount
            return sending.progress(transfer: transfer, writtenByteCount: written, now: .now)
        case .partResult:
            let result = try PartResult.decode(frame.payload)
            return sending.result(
                transfer: transfer, digest: result.digest, isAccepted: result.isAccepted,
                message: result.message, now: .now)
        default:
            throw ClusterError(.fault, "\(control.worker) sent a \(frame.type) while taking weights")
        }
    }

    // MARK: What is done

    /// Carries out what the machine asks for, until everything is there.
    private func send(on connection: FrameConnection) async throws {
        var part: PackedPart?
        for await _ in wakeups {
            while let directive = try next() {
                switch directive {
                case .offer(let part, let transfer):
                    connection.send(Frame(PartOffer(part.file), stream: transfer))
                case .send(let reference, let transfer, let offset, let count):
                    if part?.reference.digest != reference.digest {
                        part = nil
                        part = try await take(reference)
                    }
                    guard let part else { continue }
                    try await send(part, transfer, offset, count, on: connection)
                case .end(_, let transfer):
                    connection.send(Frame(type: .partEnd, stream: transfer))
                case .done:
                    return
                case .fail(let error):
                    throw ClusterError(.fault, "\(control.worker) did not take its weights: \(error.message)")
                }
            }
        }
        throw CancellationError()
    }

    private func next() throws -> ShardSending.Directive? {
        let (directive, failure) = state.withLock { state in
            (state.directives.isEmpty ? nil : state.directives.removeFirst(), state.failure)
        }
        if let failure { throw failure }
        return directive
    }

    private func send(
        _ part: PackedPart, _ transfer: UInt64, _ offset: UInt64, _ count: Int, on connection: FrameConnection
    ) async throws {
        let start = Int(clamping: offset)
        let path = model.file.path
        guard count >= 0, start <= part.bytes.bytes.count, count <= part.bytes.bytes.count - start else {
            throw ClusterError(
                .configuration,
                "the converted weights of \(path) have changed while they were sent: start again")
        }
        let range = start..<start + count
        // The bytes may have to come from a disk first.
        let frame = try await NIOThreadPool.singleton.runIfActive {
            defer { part.bytes.releasePages(range) }
            return try part.withBytes {
                try PartChunk.encode(
                    transfer: transfer, offset: offset, bytes: UnsafeRawBufferPointer(rebasing: $0[range]))
            }
        }
        let now = ContinuousClock.now
        state.withLock { state in
            if state.firstSend == nil { state.firstSend = now }
        }
        // Before the bytes go: the worker's report of them may be back before this task goes on.
        handle { $0.sent(now: now) }
        // Bounded by the machine's window; the machine sees to it that the worker goes on.
        connection.send(frame)
        report(isLast: false)
    }

    /// Packs, or checks what a worker has rejected, on a thread of its own kind: heartbeats must not wait for it.
    private func take(_ reference: PartReference) async throws -> PackedPart {
        let model = model
        let isSuspect = state.withLock { $0.sending.wasRejected(reference) }
        let part = try await DiskThreads.run { try model.part(reference.kind, isHashed: isSuspect) }
        guard part.reference.digest == reference.digest else {
            throw ClusterError(
                .configuration, "\(model.file.path) has changed while it was sent: start again")
        }
        return part
    }

    private func report(isLast: Bool) {
        let (sending, start) = state.withLock { ($0.sending, $0.firstSend) }
        progress(
            ShippingProgress(
                worker: control.worker.name, layers: layers, sentByteCount: sending.sentByteCount,
                presentByteCount: sending.presentByteCount, totalByteCount: sending.totalByteCount,
                elapsed: start?.duration(to: .now) ?? .zero, worstHeartbeat: control.worstRoundTrip,
                isLast: isLast))
    }
}
