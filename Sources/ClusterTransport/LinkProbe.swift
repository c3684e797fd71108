// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterWire

/// Measures the way between two members of a session, on a connection that serves nothing else.
package enum LinkProbe {
    private static let roundTripCount = 15
    private static let chunkByteCount = 64 << 10
    /// Bytes of one batch at most, chunks of which are under way at once.
    private static let batchByteCountMax = 16 << 20
    /// A batch that takes less says more about the programs than about the way.
    private static let batchTimeMin: Duration = .milliseconds(20)
    /// How often a batch that takes so long is sent again: a program that had to wait for a processor is slow once, a
    /// way each time.
    private static let confirmationCount = 2

    /// What the way between the ends carries.
    package struct Figures: Equatable, Sendable {
        /// One way: half of the median round trip of a small frame, seconds.
        package let latencySeconds: Double
        package let bytesPerSecond: Double
    }

    /// Measures as the side that dialled.
    ///
    /// - Throws: ``TransportError`` when the peer takes longer than `limit` in all, closes, or answers
    ///   something else.
    package static func measure(
        _ connection: FrameConnection, within limit: Duration = Limits.probeTimeout
    ) async throws -> Figures {
        let deadline = ContinuousClock.now + limit
        let trip = try await roundTrip(connection, within: limit)
        var chunkCount = 1
        while true {
            var time = try await roundTrip(
                connection, chunkCount: chunkCount, byteCount: chunkByteCount, until: deadline)
            // A line so slow that there is no time to look again is measured all the same.
            for _ in 0..<confirmationCount
            where time >= batchTimeMin && ContinuousClock.now + time * 2 < deadline {
                time = min(
                    time,
                    try await roundTrip(
                        connection, chunkCount: chunkCount, byteCount: chunkByteCount, until: deadline))
            }
            let isLargest = 2 * chunkCount * chunkByteCount > batchByteCountMax
            guard time >= batchTimeMin || isLargest else {
                chunkCount *= 2
                continue
            }
            let sending = max((time - trip).seconds, 1e-6)
            return Figures(
                latencySeconds: trip.seconds / 2,
                bytesPerSecond: Double(chunkCount * chunkByteCount) / sending)
        }
    }

    /// The median round trip of a small frame, as the side that dialled.
    package static func roundTrip(
        _ connection: FrameConnection, within limit: Duration = Limits.probeTimeout
    ) async throws -> Duration {
        let deadline = ContinuousClock.now + limit
        var trips: [Duration] = []
        for _ in 0..<roundTripCount {
            trips.append(try await roundTrip(connection, chunkCount: 1, byteCount: 64, until: deadline))
        }
        return trips.sorted()[trips.count / 2]
    }

    /// From the first byte until all frames are acknowledged.
    private static func roundTrip(
        _ connection: FrameConnection, chunkCount: Int, byteCount: Int,
        until deadline: ContinuousClock.Instant
    ) async throws -> Duration {
        let frame = try Frame(type: .probe, payload: [UInt8](repeating: 0, count: byteCount))
        let start = ContinuousClock.now
        for _ in 0..<chunkCount { connection.send(frame) }
        for _ in 0..<chunkCount {
            let left = max(ContinuousClock.now.duration(to: deadline), .zero)
            let answer = try await connection.next(within: left)
            guard answer.type == .probed else {
                throw TransportError(.violation, "\(connection.peer) answered a probe with a \(answer.type)")
            }
        }
        return start.duration(to: .now)
    }

    /// Answers probes until the peer closes the connection.
    package static func answer(_ connection: FrameConnection) async throws {
        while true {
            let frame: Frame
            do {
                frame = try await connection.next(within: Limits.probeTimeout)
            } catch let error as TransportError where error.code == .closed {
                return
            }
            guard frame.type == .probe else {
                throw TransportError(.violation, "\(connection.peer) sent a \(frame.type) as a probe")
            }
            // Who does not read its answers is not answered further.
            try await connection.sendFlushed(Frame(type: .probed), within: Limits.probeTimeout)
        }
    }
}
