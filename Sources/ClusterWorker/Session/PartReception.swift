// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterProtocol
import ClusterTransport
import ClusterWire
import NIOCore
import NIOPosix
import Synchronization

/// Takes the parts that come on one weights connection.
///
/// Chunks are written in the order of their arrival; beside that the disk is looked through for the next parts,
/// and the last ones are synced.
final class PartReception: Sendable {
    private struct State {
        var machine = ShardReceiving()
        /// Parts that arrive, by transfer.
        var incoming: [UInt64: IncomingPart] = [:]
        /// Parts that were let in and are not closed yet.
        var openCount = 0
    }

    private let connection: FrameConnection
    private let session: WorkerSession
    private let store: PartStore
    private let state = Mutex(State())

    init(connection: FrameConnection, session: WorkerSession, store: PartStore) {
        self.connection = connection
        self.session = session
        self.store = store
    }

    /// Runs until the coordinator closes the connection.
    ///
    /// - Throws: ``StoreError`` (no room, disk full), ``FileError`` (disk broken), ``WorkerError`` for what breaks
    ///   the protocol.
    func run() async throws {
        let result: Result<Void, any Error>
        do {
            result = .success(
                try await withThrowingDiscardingTaskGroup { work in
                    while let frame = try await next() { try await take(frame, in: &work) }
                })
        } catch {
            result = .failure(error)
        }
        let (incoming, openCount) = state.withLock { ($0.incoming, $0.openCount) }
        for part in incoming.values { part.close() }
        await session.abandonParts(openCount)
        try result.get()
    }

    /// - Returns: `nil` when the connection is closed.
    private func next() async throws -> Frame? {
        let isArriving = state.withLock { $0.machine.isArriving }
        do {
            return try await connection.next(
                within: isArriving ? Limits.transferTimeout : Limits.loadTimeout)
        } catch let error as TransportError where error.code == .closed {
            return nil
        }
    }

    private func take(_ frame: Frame, in work: inout ThrowingDiscardingTaskGroup<any Error>) async throws {
        let transfer = frame.stream
        switch frame.type {
        case .partOffer:
            let file = try PartOffer.decode(frame.payload).file
            let kept = try await session.offer(file)
            let directive = state.withLock { state in
                state.openCount += 1
                return state.machine.offered(transfer: transfer, file: file)
            }
            guard case .look = directive else { throw Self.violation(directive) }
            work.addTask {
                try await self.closingOnFailure { try await self.look(for: file, transfer, keeping: kept) }
            }
        case .partChunk:
            let chunk = try PartChunk.decode(frame.payload)
            let (directive, part) = state.withLock { state in
                (
                    state.machine.chunk(
                        transfer: transfer, offset: chunk.offset, byteCount: chunk.bytes.readableBytes),
                    state.incoming[transfer]
                )
            }
            guard case .write = directive, let part else { throw Self.violation(directive) }
            try await NIOThreadPool.singleton.runIfActive {
                try chunk.bytes.withUnsafeReadableBytes { try part.append($0) }
            }
            try await acknowledge(part.byteCount, transfer)
        case .partEnd:
            let (directive, part) = state.withLock { state in
                let directive = state.machine.ended(transfer: transfer)
                guard case .verify = directive else { return (directive, IncomingPart?.none) }
                return (directive, state.incoming.removeValue(forKey: transfer))
            }
            guard let part else { throw Self.violation(directive) }
            work.addTask { try await self.closingOnFailure { try await self.keep(part, transfer) } }
        default:
            throw WorkerError("a \(frame.type) came on the weights connection")
        }
    }

    /// Says how much is written; who does not read its answers is not listened to further.
    private func acknowledge(_ byteCount: UInt64, _ transfer: UInt64) async throws {
        let progress = Frame(PartProgress(writtenByteCount: byteCount), stream: transfer)
        do {
            try await connection.sendFlushed(progress, within: Limits.transferTimeout)
        } catch let error as TransportError where error.code == .closed {
            // What closed the connection is told by who did it.
        }
    }

    /// Looks what is on disk of an offered part, and asks for the rest.
    private func look(
        for file: PartFile, _ transfer: UInt64, keeping kept: Set<ContentDigest>
    ) async throws {
        let store = store
        let ending = session.ending
        let part = try await DiskThreads.run {
            try store.receive(file, keeping: kept, while: { !ending.hasBegun })
        }
        let directive = state.withLock { state in
            state.incoming[transfer] = part
            return state.machine.looked(
                transfer: transfer, presentByteCount: part?.byteCount ?? file.byteCount,
                isComplete: part == nil)
        }
        guard case .answer(_, let present, let isComplete) = directive else { return }
        let status = PartStatus(digest: file.digest, presentByteCount: present, isComplete: isComplete)
        let answer = Frame(status, stream: transfer)
        if isComplete { await settle(file, isThere: true, answer) } else { connection.send(answer) }
    }

    /// Checks, syncs and names a part that has arrived.
    private func keep(_ part: IncomingPart, _ transfer: UInt64) async throws {
        let isAccepted: Bool
        do {
            isAccepted = try await DiskThreads.run { try part.commit() }
        } catch {
            // It may not have got its turn, because the connection broke meanwhile.
            part.close()
            throw error
        }
        state.withLock { $0.machine.verified(transfer: transfer) }
        let result = PartResult(
            digest: part.file.digest, isAccepted: isAccepted,
            message: isAccepted ? "" : "the bytes that arrived have another SHA-256")
        await settle(part.file, isThere: isAccepted, Frame(result, stream: transfer))
    }

    /// Answers once this worker's books are right: the coordinator may act on the answer on another connection.
    private func settle(_ file: PartFile, isThere: Bool, _ answer: Frame) async {
        state.withLock { $0.openCount -= 1 }
        let isLast = await session.settle(file, isThere: isThere)
        connection.send(answer)
        if isLast { await session.storeCompleted() }
    }

    /// A failure ends the wait for the next frame, too.
    private func closingOnFailure(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            connection.close()
            throw error
        }
    }

    private static func violation(_ directive: ShardReceiving.Directive) -> WorkerError {
        guard case .refuse(let message) = directive else { return WorkerError("\(directive)") }
        return WorkerError(message)
    }
}
