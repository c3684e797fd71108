// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterTestSupport
import ClusterTransport
import ClusterWire
import Logging
import Testing

extension WorkersInProcess {
    /// A worker that is given the first and the last of three stages.
    @Suite(.timeLimit(.minutes(2))) struct SessionStages {
        private func shards() throws -> (first: SampleShard, last: SampleShard) {
            let count = try SampleShard.layerCount
            try #require(count >= 3)
            return (
                try SampleShard(0, of: 3, layers: 0..<1),
                try SampleShard(2, of: 3, layers: count - 1..<count)
            )
        }

        /// Has a worker load both.
        private func load(
            _ coordinator: PlayedCoordinator, next: String
        ) async throws -> (ready: Ready, partCount: Int) {
            let (first, last) = try shards()
            // Whichever comes first.
            coordinator.tell(last.assignment(workerStages: 2))
            coordinator.tell(first.assignment(next: next, workerStages: 2))
            let status = try await coordinator.hear(StoreStatus.self)
            let parts = first.parts + last.parts
            let lacking = parts.filter { part in
                !status.parts.contains { $0.digest == part.reference.digest && $0.isComplete }
            }
            guard !lacking.isEmpty else {
                return (try await coordinator.hear(Ready.self), status.parts.count)
            }
            let shipment = PlayedShipment(connection: try await coordinator.open(.weights))
            var sent: Set<ContentDigest> = []
            for (number, part) in lacking.enumerated() where sent.insert(part.reference.digest).inserted {
                try await shipment.ship(part, UInt64(number + 1))
            }
            return (try await coordinator.hear(Ready.self), status.parts.count)
        }

        @Test func `both are taken, loaded and told of, and frames find the one that is meant`() async throws
        {
            let (hellos, hello) = AsyncStream<Hello>.makeStream()
            try await withListener { peer in
                if let frame = try? await peer.next(within: .seconds(600)) {
                    if let told = try? Hello.decode(frame.payload) { hello.yield(told) }
                }
                hello.finish()
            } _: { _, next in
                try await WorkerUnderTest.run { worker in
                    let coordinator = try await worker.join()
                    let (ready, partCount) = try await load(coordinator, next: next)
                    let (first, last) = try shards()
                    let files = Set((first.manifest.files + last.manifest.files).map(\.file))
                    #expect(partCount == files.count)
                    #expect(ready.residentByteCount > files.reduce(0) { $0 + $1.byteCount } / 2)
                    let pulse = try await coordinator.pulse()
                    #expect(pulse.state == .serving && pulse.stages.map(\.stageIndex) == [0, 2])
                    #expect(pulse.residentByteCount == ready.residentByteCount)
                    // Who does not say which of them is meant is not let near either.
                    for stage in [nil, 1] { try await coordinator.open(.link, stage: stage).closed() }
                    // A link of stage 0 says that it means stage 1.
                    coordinator.tell(.link, stream: 0)
                    for await told in hellos { #expect(told.role == .link && told.stage == 1) }
                    #expect(try await coordinator.hear(Fault.self).code == .link)
                    coordinator.tell(.link, stream: 2)
                    #expect(
                        try await coordinator.hear(Fault.self).message
                            == "the last stage has no next worker to connect to")
                    // What comes by the link to the last stage is that stage's.
                    let link = try await coordinator.open(.link, stage: 2)
                    link.send(try Frame(Opening(slot: 0, sampling: .init(), promptTokenCount: 1)))
                    let steps = try await coordinator.open(.steps)
                    steps.send(try Frame(Opening(slot: 0, sampling: .init(), promptTokenCount: 1)))
                    while true {
                        let stages = try await coordinator.pulse().stages
                        if stages.allSatisfy({ $0.receivedByteCount > 0 }) { break }
                    }
                    try await coordinator.release()
                }
            }
        }

        @Test func `what both had is in memory for the next coordinator, whatever stages it gives`()
            async throws
        {
            let lines = LogLines()
            try await WorkerUnderTest.run(log: lines.logger) { worker in
                let first = try await worker.join()
                _ = try await load(first, next: "127.0.0.1:1")
                try await first.release()
                let second = try await worker.join(session: 8, as: "beta")
                _ = try await load(second, next: "127.0.0.1:1")
                #expect(await lines.level(of: "kept in memory") == .info)
                try await second.release()
            }
        }

        @Test func `stages that do not fit together are refused, with the bytes that are short`() async throws
        {
            let (first, last) = try shards()
            var need: UInt64 = 0
            try await WorkerUnderTest.run { worker in
                let coordinator = try await worker.join()
                need = try await load(coordinator, next: "127.0.0.1:1").ready.residentByteCount
                try await coordinator.release()
            }
            try await WorkerUnderTest.run(memoryByteCount: need - 1) { worker in
                let coordinator = try await worker.join()
                coordinator.tell(first.assignment(next: "127.0.0.1:1", workerStages: 2))
                coordinator.tell(last.assignment(workerStages: 2))
                let fault = try await coordinator.hear(Fault.self)
                #expect(fault.code == .model && fault.message.contains("1 bytes short"), "\(fault.message)")
                try await coordinator.release()
            }
        }

        @Test func `layers that two stages have are refused`() async throws {
            let whole = try SampleShard(2, of: 3, layers: 0..<SampleShard.layerCount)
            let (first, _) = try shards()
            try await WorkerUnderTest.run { worker in
                let coordinator = try await worker.join()
                coordinator.tell(first.assignment(next: "127.0.0.1:1", workerStages: 2))
                coordinator.tell(whole.assignment(workerStages: 2))
                let fault = try await coordinator.hear(Fault.self)
                #expect(fault.code == .model && fault.message.contains("but stage 0 has"), "\(fault.message)")
                try await coordinator.release()
            }
        }
    }
}
