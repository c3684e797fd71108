// SPDX-License-Identifier: MIT
package import BitNetCore
import BitNetFormats
import ClusterLogic
import ClusterTransport
import ClusterWire
import NIOPosix

/// Sends one worker the parts that it lacks.
struct Shipment {
    let worker: WorkerIdentity
    let model: PackedModel
    let manifest: ShardManifest
    let dialer: WorkerDialer
    let progress: @Sendable (ShippingProgress) -> Void

    /// Sends what is missing according to `status`.
    ///
    /// - Parameter status: what the worker said it has.
    /// - Returns: the bytes that were sent.
    /// - Throws: ``ClusterError`` naming the worker, ``TransportError`` when a connection breaks.
    func run(status: StoreStatus) async throws -> UInt64 {
        let start = ContinuousClock.now
        var sending = ShardSending(
            files: manifest.files,
            present: status.parts.map {
                ShardSending.Presence(
                    digest: $0.digest, byteCount: $0.presentByteCount, isComplete: $0.isComplete)
            })
        guard !sending.isDone else {
            report(sending, start: start, isLast: true)
            return 0
        }
        let connection = try await dialer.connect(.weights, to: worker).connection
        defer { connection.close() }
        var packed: PackedPart?
        /// Every offer opens a transfer of its own; its frames carry the number.
        var transfer: UInt64 = 0
        var directives = sending.start()
        while !directives.isEmpty {
            let directive = directives.removeFirst()
            switch directive {
            case .offer(let part):
                if packed?.reference.digest != part.digest { packed = try await take(part.kind) }
                transfer += 1
                let offer = PartOffer(digest: part.digest, byteCount: part.byteCount)
                try await send(Frame(offer, stream: transfer), on: connection)
                let answer = try PartStatus.decode(await receive(.partStatus, from: connection).payload)
                directives += sending.status(
                    digest: answer.digest, presentByteCount: answer.presentByteCount,
                    isComplete: answer.isComplete)
            case .send(let part, let offset, let count):
                guard let packed, packed.reference.digest == part.digest else {
                    preconditionFailure("part \(part.kind) is sent but not packed")
                }
                let range = Int(offset)..<Int(offset) + count
                let payload = packed.withBytes {
                    PartChunk.encode(offset: offset, bytes: UnsafeRawBufferPointer(rebasing: $0[range]))
                }
                let chunk = Frame(type: .partChunk, stream: transfer, payload: payload)
                try await send(chunk, on: connection)
                packed.bytes.releasePages(range)
                directives += sending.sent(count)
                report(sending, start: start, isLast: false)
            case .end:
                try await send(Frame(type: .partEnd, stream: transfer), on: connection)
                let result = try PartResult.decode(
                    await receive(.partResult, from: connection, within: Limits.loadTimeout).payload)
                directives += sending.result(
                    digest: result.digest, isAccepted: result.isAccepted, message: result.message)
            case .done:
                report(sending, start: start, isLast: true)
            case .fail(let error):
                throw ClusterError(.fault, "\(worker) did not take its weights: \(error.message)")
            }
        }
        return sending.sentByteCount
    }

    /// Checks or packs on a thread of its own kind: heartbeats must not wait for it.
    private func take(_ kind: PartReference.Kind) async throws -> PackedPart {
        let model = model
        return try await NIOThreadPool.singleton.runIfActive { try model.part(kind) }
    }

    private func send(_ frame: Frame, on connection: FrameConnection) async throws {
        try await connection.sendFlushed(frame, within: Limits.transferTimeout)
    }

    private func receive(
        _ type: FrameType, from connection: FrameConnection, within limit: Duration = Limits.transferTimeout
    ) async throws -> Frame {
        let frame = try await connection.next(within: limit)
        guard frame.type == type else {
            throw ClusterError(
                .fault, "\(worker) sent a \(frame.type) instead of a \(type) while taking weights")
        }
        return frame
    }

    private func report(_ sending: ShardSending, start: ContinuousClock.Instant, isLast: Bool) {
        progress(
            ShippingProgress(
                worker: worker.name, layers: manifest.layers, sentByteCount: sending.sentByteCount,
                presentByteCount: sending.presentByteCount, totalByteCount: sending.totalByteCount,
                elapsed: start.duration(to: .now), isLast: isLast))
    }
}

/// How far the shipping of one shard is.
package struct ShippingProgress: Sendable {
    package let worker: String
    package let layers: LayerRange
    package let sentByteCount: UInt64
    /// Bytes that the worker had before.
    package let presentByteCount: UInt64
    package let totalByteCount: UInt64
    package let elapsed: Duration
    package let isLast: Bool

    /// `a  layers 0-2  1.2 of 1.4 MiB (85 %)  112 MiB/s  ETA 1 s`.
    package var line: String {
        if isLast, sentByteCount == 0 {
            return
                "ship \(worker)  layers \(layers)  0 bytes sent: all \(ByteCount.text(totalByteCount)) are on its disk"
        }
        // A part that was refused is sent again.
        let done = min(sentByteCount + presentByteCount, totalByteCount)
        let share = Double(done) / Double(max(totalByteCount, 1)) * 100
        let rate = Double(sentByteCount) / max(elapsed.seconds, 1e-6)
        let left = rate > 0 ? Double(totalByteCount - done) / rate : 0
        let present = presentByteCount > 0 ? ", \(ByteCount.text(presentByteCount)) were there" : ""
        return
            "ship \(worker)  layers \(layers)  \(ByteCount.text(done)) of \(ByteCount.text(totalByteCount)) "
            + "(\(share.text(places: 0)) %)  \(ByteCount.text(UInt64(rate)))/s  "
            + (isLast ? "done, verified\(present)" : "ETA \(left.text(places: 0)) s")
    }
}
