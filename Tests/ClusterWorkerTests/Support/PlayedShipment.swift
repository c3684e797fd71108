// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterTransport
import ClusterWire
import Testing

/// One weights connection, on which a test sends what it wants.
struct PlayedShipment {
    let connection: FrameConnection

    func offer(_ part: PackedPart, _ transfer: UInt64) {
        connection.send(Frame(PartOffer(part.reference.file), stream: transfer))
    }

    /// Sends bytes of a part, `range` of it or all, as one chunk.
    func send(
        _ part: PackedPart, _ transfer: UInt64, _ range: Range<Int>? = nil,
        _ change: (inout [UInt8]) -> Void = { _ in }
    ) throws {
        var bytes = try part.withBytes { all in [UInt8](all[range ?? 0..<all.count]) }
        change(&bytes)
        let offset = UInt64(range?.lowerBound ?? 0)
        do {
            connection.send(
                try bytes.withUnsafeBytes {
                    try PartChunk.encode(transfer: transfer, offset: offset, bytes: $0)
                })
        } catch {
            Issue.record(error)
        }
    }

    func end(_ transfer: UInt64) { connection.send(Frame(type: .partEnd, stream: transfer)) }

    func hear<Message: ControlMessage>(_ type: Message.Type, _ transfer: UInt64) async throws -> Message {
        let frame = try await connection.next(within: .seconds(600))
        try #require(frame.type == Message.frameType)
        #expect(frame.stream == transfer)
        return try Message.decode(frame.payload)
    }

    /// Sends a whole part that the worker lacks.
    func ship(_ part: PackedPart, _ transfer: UInt64) async throws {
        offer(part, transfer)
        let status = try await hear(PartStatus.self, transfer)
        #expect(!status.isComplete && status.presentByteCount == 0)
        try send(part, transfer)
        #expect(try await hear(PartProgress.self, transfer).writtenByteCount == part.reference.byteCount)
        end(transfer)
        let result = try await hear(PartResult.self, transfer)
        #expect(result.isAccepted && result.digest == part.reference.digest)
    }
}
