// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import ClusterProtocol
import ClusterTestSupport
import ClusterTransport
import ClusterWire
import NIOCore
import TestSupport
import Testing

extension WorkersInProcess {
    /// Joins that fail: nothing is kept of them, and the next one succeeds.
    @Suite(.timeLimit(.minutes(2))) struct FailedJoin {
        /// What listens where a worker should.
        enum Impostor: CaseIterable, Sendable {
            case closes, speaksSomethingElse, sendsDamagedFrames, refuses, staysSilent, hasAnotherKey

            /// Of the cluster, or another one.
            var key: [UInt8] { self == .hasAnotherKey ? [9] : FailedJoin.key }

            func play(_ peer: FrameConnection) async {
                switch self {
                case .closes: break
                case .speaksSomethingElse:
                    _ = try? await peer.next(within: .seconds(600))
                    peer.send(Frame(type: .probed))
                    try? await peer.closed()
                case .sendsDamagedFrames:
                    _ = try? await peer.next(within: .seconds(600))
                    if let frame = try? Frame(type: .helloReply, payload: [0xFF, 0xFF, 0xFF]) {
                        peer.send(frame)
                    }
                    try? await peer.closed()
                case .refuses:
                    _ = try? await peer.next(within: .seconds(600))
                    peer.send(Frame(Refusal(code: .role, message: "no")))
                    try? await peer.closed()
                case .staysSilent:
                    try? await peer.closed()
                case .hasAnotherKey:
                    await FailedJoin.letIn(peer, key: key)
                }
                peer.close()
            }
        }

        private static let key: [UInt8] = [1, 2, 3]

        /// As a worker `b` does that admits whoever knows the key.
        private static func letIn(_ peer: FrameConnection, key: [UInt8] = []) async {
            _ = try? await peer.acceptHandshake(
                identity: HandshakeIdentity(node: "b", id: 5, cluster: nil, build: "test"),
                capabilities: Capabilities(
                    isa: "scalar", coreCount: 1, threadCount: 1, memoryByteCount: 1 << 30,
                    storeByteCount: 1 << 30),
                credentials: Credentials(key: key), admit: { _ in .admitted })
        }

        /// - Parameter body: may open any number of connections.
        private func withImpostor(
            _ impostor: Impostor, _ body: (_ address: String) async throws -> Void
        ) async throws {
            let network = Network(loopCount: 1)
            let credentials = try Credentials(key: impostor.key)
            let listener = try await network.listen(on: "127.0.0.1:0", with: credentials) {
                await impostor.play($0)
            }
            let address = "127.0.0.1:\(listener.port)"
            let result: Result<Void, any Error>
            do {
                try await body(address)
                try await OpenSockets.untilNone(onPortOf: [address])
                result = .success(())
            } catch {
                result = .failure(error)
            }
            await listener.close()
            await network.shutdown()
            try result.get()
        }

        @Test(arguments: Impostor.allCases)
        func `whatever one worker does, the others are let go of, and the next join succeeds`(
            _ impostor: Impostor
        )
            async throws
        {
            let key = Self.key
            try await WorkerUnderTest.run(key: key) { a in
                try await WorkerUnderTest.run(key: key) { b in
                    try await withImpostor(impostor) { address in
                        // Twice: the second one would find its own workers held by the first.
                        for _ in 0..<2 {
                            await #expect {
                                _ = try await TestStart.start(
                                    [a.address, address], network: a.network,
                                    handshakeTimeout: .milliseconds(impostor == .staysSilent ? 1000 : 60_000),
                                    key: key)
                            } throws: {
                                ($0 as? ClusterError)?.worker == "b"
                            }
                        }
                    }
                    let cluster = try await TestStart.start(
                        [a.address, b.address], network: a.network, key: key)
                    await cluster.close()
                    try await OpenSockets.untilNone(onPortOf: [a.address, b.address])
                }
            }
        }

        @Test func `a thousand joins that fail leave nothing behind`() async {
            // In a process whose files and threads are nobody else's.
            await #expect(processExitsWith: .success) {
                try await FailedJoin().leaveNothing(afterJoins: 1000)
            }
        }

        private func leaveNothing(afterJoins count: Int) async throws {
            try await WorkerUnderTest.run { worker in
                try await withImpostor(.closes) { address in
                    try await fail(joins: count / 5, worker, address)
                    let before = ProcessFigures()
                    try await fail(joins: count, worker, address)
                    // Pools and the runtime's timers grow with the machine's load, and by less than one for each of
                    // so many.
                    let few = count / 100
                    let after = await ProcessFigures.settled(at: before, moreDescriptors: few)
                    #expect(after.descriptorCount <= before.descriptorCount + few, "\(after.openFiles)")
                    #expect(after.threadCount <= before.threadCount + few)
                    #expect(after.residentByteCount < before.residentByteCount + (8 << 20))
                }
                let cluster = try await TestStart.start([worker.address], network: worker.network)
                await cluster.close()
            }
        }

        private func fail(joins count: Int, _ worker: WorkerUnderTest, _ impostor: String) async throws {
            for round in 0..<count {
                // Now and then together with a worker that lets the coordinator in.
                let addresses = round % 20 == 0 ? [worker.address, impostor] : [impostor]
                do {
                    _ = try await TestStart.start(addresses, network: worker.network)
                    Issue.record("joined an impostor")
                } catch {}
            }
            try await OpenSockets.untilNone(onPortOf: [worker.address])
        }

        @Test func `a worker that dies while others load is let go of with them`() async throws {
            try await WorkerUnderTest.run { worker in
                // Admits the coordinator, and is gone as soon as it hears from it.
                try await withListener { peer in
                    await Self.letIn(peer)
                    _ = try? await peer.next(within: .seconds(600))
                    peer.close()
                } _: { _, address in
                    await #expect {
                        _ = try await TestStart.start([worker.address, address], network: worker.network)
                    } throws: {
                        ($0 as? ClusterError)?.worker == "b"
                    }
                    try await OpenSockets.untilNone(onPortOf: [worker.address, address])
                    try await worker.joinWhenFree().release()
                }
            }
        }

        @Test func `a start that waits for a worker ends at once when it is told to`() async throws {
            try await WorkerUnderTest.run { worker in
                let (heard, hears) = AsyncStream<Void>.makeStream()
                try await withListener { peer in
                    // Lets the coordinator in, says that it lives, and answers nothing else.
                    await Self.letIn(peer)
                    while let frame = try? await peer.next(within: .seconds(600)) {
                        if let sequence = try? Heartbeat.decode(frame.payload).sequence,
                            frame.type == .heartbeat
                        {
                            peer.send(
                                Frame(
                                    HeartbeatReply(
                                        sequence: sequence, state: .idle, residentByteCount: 0,
                                        stepsCompleted: 0)))
                        } else {
                            hears.yield()
                        }
                    }
                } _: { network, address in
                    let workerAddress = worker.address
                    let start = Task {
                        try await TestStart.start([workerAddress, address], network: network)
                    }
                    // It is given its parts or its stage, which it takes 900 s for.
                    for await _ in heard { break }
                    start.cancel()
                    await #expect(throws: CancellationError.self) { _ = try await start.value }
                    try await OpenSockets.untilNone(onPortOf: [workerAddress, address])
                    try await worker.joinWhenFree().release()
                }
            }
        }
    }
}
