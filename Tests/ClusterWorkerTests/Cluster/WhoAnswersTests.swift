// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import ClusterProtocol
import ClusterTransport
import ClusterWire
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

extension WorkersInProcess {
    /// Addresses that lead to another worker than the one that is meant.
    @Suite(.timeLimit(.minutes(2))) struct WhoAnswers {
        @Test func `a worker whose neighbour's address leads back to it says so, and links to nobody`()
            async throws
        {
            try await WorkerUnderTest.run { worker in
                let coordinator = try await worker.join()
                try await coordinator.bringUp(SampleShard(isWhole: false), next: worker.address)
                coordinator.tell(.link)
                let fault = try await coordinator.hear(Fault.self)
                #expect(fault.code == .link)
                for word in ["worker x (stage 1, \(worker.address))", "leads back to worker 'w' itself"] {
                    #expect(fault.message.contains(word), "\(fault.message)")
                }
                try await coordinator.release()
            }
        }

        @Test func `a worker does not link to another process than the one that was joined`() async throws {
            try await WorkerUnderTest.run { worker in
                try await WorkerUnderTest.run { other in
                    let coordinator = try await worker.join()
                    let next = try await other.join()
                    try await next.bringUp(SampleShard())
                    try await coordinator.bringUp(
                        SampleShard(isWhole: false), next: other.address, nextID: next.workerID ^ 1)
                    coordinator.tell(.link)
                    let fault = try await coordinator.hear(Fault.self)
                    #expect(fault.code == .link && fault.message.contains("another process answers"))
                    try await coordinator.release()
                    try await next.release()
                }
            }
        }

        @Test func `two names that are swapped are refused by name`() async throws {
            try await WorkerUnderTest.run(name: "a") { a in
                try await WorkerUnderTest.run(name: "b") { b in
                    await #expect {
                        _ = try await TestStart.start([b.address, a.address], network: a.network)
                    } throws: { error in
                        let message = "\(error)"
                        return message.contains("worker a (\(b.address)): this is worker 'b'")
                            || message.contains("worker b (\(a.address)): this is worker 'a'")
                    }
                    let cluster = try await TestStart.start([a.address, b.address], network: a.network)
                    await cluster.close()
                }
            }
        }

        @Test func `two addresses that lead to one worker are refused, and the worker is free`() async throws
        {
            try await WorkerUnderTest.run { worker in
                let other = worker.address.replacing("127.0.0.1", with: "localhost")
                await #expect {
                    _ = try await TestStart.start([worker.address, other], network: worker.network)
                } throws: {
                    "\($0)".contains("has joined already under another name")
                }
                try await worker.joinWhenFree().release()
            }
        }

        @Test func `an examiner's worker does not find the way to itself excellent`() async throws {
            try await WorkerUnderTest.run { worker in
                let dialer = PeerDialer(
                    network: worker.network, cluster: "demo", node: "doctor", session: 3)
                let examiner = try await dialer.connect(.examine, to: worker.address, peer: "w").connection
                try examiner.send(
                    Frame(ProbeLinks(neighbours: [Neighbour(name: "c", address: worker.address)])))
                let links = try LinksProbed.decode(await examiner.next(within: .seconds(600)).payload).links
                #expect(links.map(\.name) == ["c"])
                #expect(links.first?.error.contains("leads back to") == true, "\(links)")
                examiner.close()
            }
        }

        @Test func `a look whether somebody listens is no warning, a wrong key is one`() async throws {
            let lines = LogLines()
            try await WorkerUnderTest.run(key: [1], log: lines.logger) { worker in
                let port = try #require(worker.address.split(separator: ":").last.flatMap { Int($0) })
                let probe = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: "127.0.0.1", port: port).get()
                try await probe.close()
                #expect(await lines.level(of: "connection refused or broken") == .debug)
            }
            let others = LogLines()
            try await WorkerUnderTest.run(key: [1], log: others.logger) { worker in
                await #expect(throws: HandshakeError.self) { _ = try await worker.join() }
                #expect(await others.level(of: "connection refused or broken") == .warning)
            }
        }
    }
}
