// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterLogic
import ClusterTransport
import ClusterWire
import NIOPosix

/// Takes the parts that come on one weights connection, one after another.
struct PartReception {
    let connection: FrameConnection
    let session: WorkerSession
    let store: PartStore
    /// Called when the last missing part is on disk.
    let completed: @Sendable () async -> Void

    /// Runs until the coordinator closes the connection.
    ///
    /// - Throws: ``FileError`` (disk full, disk broken), ``WorkerError`` for what breaks the protocol.
    func run() async throws {
        while true {
            let frame: Frame
            do {
                frame = try await connection.next(within: Limits.loadTimeout)
            } catch let error as TransportError where error.code == .closed {
                return
            }
            guard frame.type == .partOffer else {
                throw WorkerError(
                    "expected an offer of a part on the weights connection, got a \(frame.type)")
            }
            let offer = try PartOffer.decode(frame.payload)
            try await receive(offer, transfer: frame.stream)
        }
    }

    private func receive(_ offer: PartOffer, transfer: UInt64) async throws {
        guard let part = await session.missingPart(offer.digest), part.byteCount == offer.byteCount else {
            throw WorkerError(
                "part \(offer.digest.short) of \(offer.byteCount) bytes is not one that is missing here")
        }
        let store = store
        let pool = NIOThreadPool.singleton
        let present = try await pool.runIfActive { store.presentByteCount(of: part).byteCount }
        let file = try await pool.runIfActive { try store.openPartial(part, from: present) }
        let status = PartStatus(digest: part.digest, presentByteCount: present, isComplete: false)
        connection.send(Frame(status, stream: transfer))
        var receiving = PartReceiving(byteCount: part.byteCount, presentByteCount: present)
        while true {
            let frame = try await connection.next(within: Limits.transferTimeout)
            guard frame.stream == transfer else {
                throw WorkerError(
                    "a frame of transfer \(frame.stream) came in the middle of transfer \(transfer)")
            }
            switch frame.type {
            case .partChunk:
                let chunk = try PartChunk.decode(frame.payload)
                let directive = receiving.chunk(offset: chunk.offset, byteCount: chunk.bytes.count)
                guard case .write(let offset, _) = directive else { throw Self.violation(directive) }
                try await pool.runIfActive {
                    try chunk.bytes.withUnsafeBytes { try file.write($0, at: offset) }
                }
            case .partEnd:
                let directive = receiving.end()
                guard case .verify = directive else { throw Self.violation(directive) }
                let isAccepted = try await pool.runIfActive { try store.commit(part, from: file) }
                let result = PartResult(
                    digest: part.digest, isAccepted: isAccepted,
                    message: isAccepted ? "" : "the bytes that arrived have another SHA-256")
                connection.send(Frame(result, stream: transfer))
                if isAccepted, await session.partArrived(part.digest) { await completed() }
                return
            default:
                throw WorkerError("a \(frame.type) came in the middle of a part")
            }
        }
    }

    private static func violation(_ directive: PartReceiving.Directive) -> WorkerError {
        guard case .refuse(let message) = directive else { return WorkerError("\(directive)") }
        return WorkerError(message)
    }
}
