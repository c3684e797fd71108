// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterTestSupport
import ClusterTransport
import ClusterWire
import Glibc
import Synchronization
import Testing

@Suite struct DirectSenderTests {
    /// Counts how often each frame of a run was said to be sent.
    private final class Receipts: Sendable {
        private let counts: Mutex<[Int]>

        init(count: Int) {
            counts = Mutex(Array(repeating: 0, count: count))
        }

        var all: [Int] { counts.withLock { $0 } }
        var sum: Int { all.reduce(0, +) }

        func note(_ index: Int) {
            counts.withLock { $0[index] += 1 }
        }

        /// Receipts of frames that have arrived come from the event loop a little later.
        func wait(for sum: Int) async throws {
            for _ in 0..<6000 where self.sum < sum { try await Task.sleep(for: .milliseconds(10)) }
        }
    }

    /// A frame whose number, size and every byte tell whether it is the one expected.
    private func frame(_ index: Int, payloadByteCount: Int) -> Frame {
        let payload = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: payloadByteCount)
        do {
            return try Frame(type: .probe, stream: UInt64(index), payload: payload)
        } catch {
            Issue.record(error)
            return Frame(type: .probe)
        }
    }

    /// Sizes around those of decode steps, some of them past what is sent directly.
    private func mixedFrame(_ index: Int) -> Frame {
        let sizes = [0, 1, 2800, 40_000, 65_536, 17, 30_000, 2800, 2800, 65_536]
        return frame(index, payloadByteCount: sizes[index % sizes.count])
    }

    private func expectMixedFrames(_ indices: Range<Int>, on connection: FrameConnection) async throws {
        for index in indices {
            let received = try await connection.next(within: .seconds(600))
            guard received == mixedFrame(index) else {
                Issue.record("frame \(received.stream) arrived, or not whole, in place of \(index)")
                return
            }
        }
    }

    /// Sends `frame`, and tells whether the thread that sends was the one that heard of it.
    private func isSentByThisThread(_ frame: Frame, _ sender: DirectSender) async -> Bool {
        await withCheckedContinuation { done in
            let thread = pthread_self()
            sender.send(frame) {
                done.resume(returning: pthread_equal(thread, pthread_self()) != 0)
            }
        }
    }

    @Test func `this thread sends what is small enough once the channel holds nothing`() async throws {
        try await withPair { peer in
            while (try? await peer.next(within: .seconds(600))) != nil {}
        } _: { connection in
            let sender = DirectSender(connection)
            // The first may come before the descriptor is there.
            _ = await isSentByThisThread(frame(0, payloadByteCount: 0), sender)
            let payloadByteCount = Limits.directSendBytesMax - FrameHeader.byteCount
            for _ in 0..<3 {
                #expect(await isSentByThisThread(frame(1, payloadByteCount: 10), sender))
                #expect(await isSentByThisThread(frame(2, payloadByteCount: payloadByteCount), sender))
                #expect(await !isSentByThisThread(frame(3, payloadByteCount: payloadByteCount + 1), sender))
            }
        }
    }

    @Test func `what the connection was given before goes first`() async throws {
        // More than the kernel holds for a reader that does not read.
        let count = 300
        try await withPair { peer in
            peer.send(self.mixedFrame(0))
            for index in 1...count { peer.send(self.frame(index, payloadByteCount: 60_001)) }
            let sender = DirectSender(peer)
            // By then the sender could send directly, but for what the channel still holds.
            try? await Task.sleep(for: .milliseconds(100))
            sender.send(Frame(type: .probed), sent: {})
            try? await peer.closed()
        } _: { connection in
            #expect(try await connection.next(within: .seconds(600)) == mixedFrame(0))
            try await Task.sleep(for: .milliseconds(200))
            for index in 1...count {
                let received = try await connection.next(within: .seconds(600))
                guard received.type == .probe, received.stream == UInt64(index) else {
                    Issue.record("a \(received.type) \(received.stream) arrived in place of \(index)")
                    return
                }
            }
            #expect(try await connection.next(within: .seconds(600)).type == .probed)
        }
    }

    @Test func `a reader that stops and goes on gets every frame whole and in order`() async throws {
        // More than the kernel holds for a reader that does not read.
        let count = 300
        let receipts = Receipts(count: count)
        try await withPair { peer in
            let sender = DirectSender(peer)
            _ = await self.isSentByThisThread(self.mixedFrame(0), sender)
            // Small frames fill the socket directly, so that one of them is cut where it is full.
            for index in 0..<count {
                let frame = self.frame(index, payloadByteCount: 60_001)
                sender.send(frame) { receipts.note(index) }
            }
            try? await peer.closed()
        } _: { connection in
            #expect(try await connection.next(within: .seconds(600)) == mixedFrame(0))
            // The sender is done when what it cannot send has been handed over.
            var sum = -1
            while sum != receipts.sum {
                sum = receipts.sum
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(sum > 0 && sum < count)
            for index in 0..<count {
                let received = try await connection.next(within: .seconds(600))
                guard received == frame(index, payloadByteCount: 60_001) else {
                    Issue.record("frame \(received.stream) arrived, or not whole, in place of \(index)")
                    return
                }
            }
            try await receipts.wait(for: count)
        }
        #expect(receipts.all == Array(repeating: 1, count: count))
    }

    @Test func `frames of all sizes arrive in order while the reader keeps up or falls behind`() async throws
    {
        let count = 400
        let receipts = Receipts(count: count)
        try await withPair { peer in
            let sender = DirectSender(peer)
            for index in 0..<count {
                sender.send(self.mixedFrame(index)) { receipts.note(index) }
                // From time to time what the channel holds goes, and frames are sent directly again.
                if index % 40 == 0 { try? await receipts.wait(for: index + 1) }
            }
            try? await peer.closed()
        } _: { connection in
            try await expectMixedFrames(0..<count, on: connection)
            try await receipts.wait(for: count)
        }
        #expect(receipts.all == Array(repeating: 1, count: count))
    }

    @Test func `frames of several threads are not torn`() async throws {
        let (threadCount, count) = (4, 100)
        let receipts = Receipts(count: threadCount * count)
        try await withPair { peer in
            let sender = DirectSender(peer)
            await withTaskGroup { group in
                for thread in 0..<threadCount {
                    group.addTask {
                        for index in (0..<count).map({ $0 * threadCount + thread }) {
                            sender.send(self.mixedFrame(index)) { receipts.note(index) }
                            if index % 16 == thread { await Task.yield() }
                        }
                    }
                }
            }
            try? await peer.closed()
        } _: { connection in
            var next = Array(0..<threadCount)
            for _ in 0..<threadCount * count {
                let received = try await connection.next(within: .seconds(600))
                let thread = Int(received.stream) % threadCount
                guard received == mixedFrame(next[thread]) else {
                    Issue.record(
                        "frame \(received.stream) arrived, or not whole, in place of \(next[thread])")
                    return
                }
                next[thread] += threadCount
            }
            try await receipts.wait(for: threadCount * count)
        }
        #expect(receipts.all == Array(repeating: 1, count: threadCount * count))
    }

    @Test func `closing while another thread sends ends the connection for the peer at once`() async throws {
        let network = Network(loopCount: 1)
        let ends = Mutex<[TransportError.Code?]>([])
        let listener = try await network.listen(on: "127.0.0.1:0") { peer in
            do {
                while true { _ = try await peer.next(within: .seconds(600)) }
            } catch {
                ends.withLock { $0.append((error as? TransportError)?.code) }
            }
        }
        let address = "127.0.0.1:\(listener.port)"
        let roundCount = 12
        var senders: [DirectSender] = []
        for round in 0..<roundCount {
            let connection = try await network.connect(to: address, peer: "worker x")
            let sender = DirectSender(connection)
            senders.append(sender)
            let receipts = Receipts(count: 400)
            async let sending: Void = {
                for index in 0..<400 {
                    sender.send(mixedFrame(index % 5)) { receipts.note(index) }
                }
            }()
            try await receipts.wait(for: 10 * round)
            sender.close()
            try await connection.closed()
            _ = await sending
            #expect(receipts.all.allSatisfy { $0 <= 1 })
        }
        // The peers have learnt of the end though every sender still exists.
        for _ in 0..<6000 where ends.withLock({ $0.count }) < roundCount {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(ends.withLock { $0 } == Array(repeating: .closed, count: roundCount))
        withExtendedLifetime(senders) {}
        await listener.close()
        await network.shutdown()
    }
}
