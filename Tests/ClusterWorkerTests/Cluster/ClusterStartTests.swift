// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterConfig
import ClusterCoordinator
import ClusterPlanning
import ClusterProtocol
import ClusterTestSupport
import ClusterTransport
import ClusterWire
import Dispatch
import Synchronization
import TestSupport
import Testing

extension WorkersInProcess {
    /// Workers and a coordinator in one process, both as they are: joined, shipped, loaded, linked.
    @Suite(.timeLimit(.minutes(2))) struct ClusterStart {
        /// Has one token cross all stages.
        private func step(_ cluster: Cluster, _ id: UInt64) async throws -> StepOutcome {
            let (outcomes, outcome) = AsyncStream<StepOutcome>.makeStream()
            let pipeline = cluster.pipeline
            let run = Task { try await pipeline.run { outcome.yield($0) } }
            defer { run.cancel() }
            pipeline.send(.open(Opening(slot: 0, sampling: .init(), promptTokenCount: 1)))
            let entry = StepEntry(slot: 0, position: 0, token: 7, output: .sample)
            pipeline.send(.step(Step(id: id, entries: [entry])))
            for await outcome in outcomes { return outcome }
            throw CancellationError()
        }

        @Test func `a cluster comes up, computes, and leaves its workers to the next one`() async throws {
            try await WorkerUnderTest.run { a in
                try await WorkerUnderTest.run { b in
                    var tokens: [UInt32] = []
                    for sent in [true, false] {
                        let shipped = Mutex<UInt64>(0)
                        let cluster = try await TestStart.start([a.address, b.address], network: a.network) {
                            if case .shipped(let byteCount) = $0 { shipped.withLock { $0 += byteCount } }
                        }
                        #expect(cluster.plan.stages.map(\.worker) == ["a", "b"])
                        // The second time everything is on the workers' disks.
                        #expect((shipped.withLock { $0 } > 0) == sent)
                        let outcome = try await step(cluster, 3)
                        #expect(outcome.id == 3 && outcome.traces.count == 2)
                        tokens += outcome.results.map(\.token)
                        await cluster.close()
                    }
                    #expect(tokens.count == 2 && tokens[0] == tokens[1])
                }
            }
        }

        /// As on a disk that is full: the connection of the weights ends before the worker says why.
        @Test func `a worker that cannot store its weights is told of in its own words`() async throws {
            try await WorkerUnderTest.run { worker in
                let part = try SampleShard().parts[1].reference.file
                // Where the file should be there is a folder, with something in it.
                try FileSystem.makePrivateDirectory(worker.path(of: part))
                try FileSystem.makePrivateDirectory(worker.path(of: part) + "/x")
                let error = await #expect(throws: ClusterError.self) {
                    _ = try await TestStart.start([worker.address], network: worker.network)
                }
                #expect(error?.code == .fault && error?.worker == "a", "\(error?.message ?? "")")
                #expect(error?.message.contains(part.digest.short) == true, "\(error?.message ?? "")")
                try await worker.joinWhenFree().release()
            }
        }

        @Test func `a worker that lets nobody in leaves the others free`() async throws {
            try await withListener { stranger in
                // Something that is no worker.
                _ = try? await stranger.next(within: .seconds(600))
                stranger.send(Frame(type: .probed))
                try? await stranger.closed()
            } _: { _, address in
                try await WorkerUnderTest.run { worker in
                    await #expect {
                        _ = try await TestStart.start([worker.address, address], network: worker.network)
                    } throws: {
                        ($0 as? ClusterError)?.code == .refused && ($0 as? ClusterError)?.worker == "b"
                    }
                    try await worker.joinWhenFree().release()
                }
            }
        }

        @Test func `a worker that comes up while another one refuses is let go of again`() async throws {
            // The first worker's join is held up until the other one has refused.
            let refusal = DispatchSemaphore(value: 0)
            try await withListener { refusing in
                _ = try? await refusing.next(within: .seconds(600))
                refusing.send(Frame(type: .probed))
                try? await refusing.closed()
                refusal.signal()
            } _: { _, address in
                try await WorkerUnderTest.run { worker in
                    await #expect(throws: ClusterError.self) {
                        _ = try await TestStart.start([worker.address, address], network: worker.network) {
                            if case .joined = $0 { refusal.wait() }
                        }
                    }
                    try await worker.joinWhenFree().release()
                }
            }
        }

        @Test func `a start that is given up lets go of the workers that it had`() async throws {
            try await WorkerUnderTest.run { worker in
                let (joins, joined) = AsyncStream<Void>.makeStream()
                let network = worker.network
                let address = worker.address
                let starting = Task {
                    // Nobody listens at the second address for now.
                    try await TestStart.start([address, "127.0.0.1:1"], network: network) {
                        if case .joined = $0 { joined.finish() }
                    }
                }
                for await _ in joins {}
                starting.cancel()
                await #expect(throws: (any Error).self) { try await starting.value }
                try await worker.joinWhenFree().release()
            }
        }
    }
}
