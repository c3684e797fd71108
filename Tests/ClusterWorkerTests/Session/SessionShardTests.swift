// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterTransport
import ClusterWire
import Glibc
import TestSupport
import Testing

extension WorkersInProcess {
    /// How a worker takes its shard, in whatever order its coordinator sends.
    @Suite(.timeLimit(.minutes(2))) struct SessionShard {
        @Test func `parts that come before the stage is given are not asked for again`() async throws {
            try await WorkerUnderTest.run { worker in
                let shard = try SampleShard()
                let coordinator = try await worker.join()
                let shipment = PlayedShipment(connection: try await coordinator.open(.weights))
                for (index, part) in shard.parts.enumerated() {
                    try await shipment.ship(part, UInt64(index) + 1)
                }
                #expect(try await coordinator.pulse().state == .idle)
                coordinator.tell(shard.assignment())
                let parts = try await coordinator.hear(StoreStatus.self).parts
                #expect(parts.map(\.digest) == shard.parts.map(\.reference.digest))
                #expect(parts.allSatisfy { $0.isComplete })
                let ready = try await coordinator.hear(Ready.self)
                let pulse = try await coordinator.pulse()
                #expect(pulse.state == .serving)
                #expect(ready.residentByteCount > 0 && pulse.residentByteCount == ready.residentByteCount)
                try await coordinator.release()
            }
        }

        @Test func `the last part that a stage lacked has it loaded, on whatever connection it comes`()
            async throws
        {
            try await WorkerUnderTest.run { worker in
                let shard = try SampleShard()
                let coordinator = try await worker.join()
                coordinator.tell(shard.assignment())
                #expect(try await coordinator.hear(StoreStatus.self).parts.allSatisfy { !$0.isComplete })
                #expect(try await coordinator.pulse().state == .receiving)
                for part in shard.parts.reversed() {
                    try await PlayedShipment(connection: coordinator.open(.weights)).ship(part, 1)
                }
                _ = try await coordinator.hear(Ready.self)
                try await coordinator.release()
            }
        }

        @Test func `a stage given while a part is on its way is a fault, and the session goes on`()
            async throws
        {
            try await WorkerUnderTest.run { worker in
                let shard = try SampleShard()
                let part = shard.parts[0]
                let coordinator = try await worker.join()
                let shipment = PlayedShipment(connection: try await coordinator.open(.weights))
                shipment.offer(part, 1)
                _ = try await shipment.hear(PartStatus.self, 1)
                coordinator.tell(shard.assignment())
                let fault = try await coordinator.hear(Fault.self)
                #expect(fault.code == .model)
                #expect(fault.message == "worker w was given its stage while parts were still on their way")
                try shipment.send(part, 1)
                _ = try await shipment.hear(PartProgress.self, 1)
                shipment.end(1)
                #expect(try await shipment.hear(PartResult.self, 1).isAccepted)
                coordinator.tell(shard.assignment())
                #expect(try await coordinator.hear(StoreStatus.self).parts.count(where: \.isComplete) == 1)
                try await coordinator.release()
            }
        }

        @Test func `a weights connection that breaks off has no part on its way any more`() async throws {
            try await WorkerUnderTest.run { worker in
                let shard = try SampleShard()
                let coordinator = try await worker.join()
                let first = PlayedShipment(connection: try await coordinator.open(.weights))
                first.offer(shard.parts[0], 1)
                _ = try await first.hear(PartStatus.self, 1)
                first.connection.close()
                var answer = StoreStatus(parts: [])
                // The worker may not have seen the end of the connection yet.
                while answer.parts.isEmpty {
                    coordinator.tell(shard.assignment())
                    do { answer = try await coordinator.hear(StoreStatus.self) } catch is TestTrouble {}
                }
                #expect(answer.parts.count == shard.parts.count)
                try await coordinator.release()
            }
        }

        @Test func `a part that ends twice is refused, and the connection closed`() async throws {
            try await WorkerUnderTest.run { worker in
                let shard = try SampleShard()
                let coordinator = try await worker.join()
                let shipment = PlayedShipment(connection: try await coordinator.open(.weights))
                try await shipment.ship(shard.parts[0], 1)
                shipment.end(1)
                let fault = try await coordinator.hear(Fault.self)
                #expect(fault.code == .storage)
                #expect(fault.message == "an end of transfer 1 came, which was not due")
                try await shipment.connection.closed()
                #expect(try await coordinator.pulse().state == .idle)
                try await coordinator.release()
            }
        }

        @Test func `what came of a part before its session ended need not come again`() async throws {
            try await WorkerUnderTest.run { worker in
                let part = try SampleShard().parts[0]
                let half = Int(part.reference.byteCount) / 2
                let first = try await worker.join()
                let begun = PlayedShipment(connection: try await first.open(.weights))
                begun.offer(part, 1)
                _ = try await begun.hear(PartStatus.self, 1)
                try begun.send(part, 1, 0..<half)
                #expect(try await begun.hear(PartProgress.self, 1).writtenByteCount == UInt64(half))
                try await first.release()
                let second = try await worker.join(session: 8)
                let shipment = PlayedShipment(connection: try await second.open(.weights))
                shipment.offer(part, 1)
                #expect(try await shipment.hear(PartStatus.self, 1).presentByteCount == UInt64(half))
                try shipment.send(part, 1, half..<Int(part.reference.byteCount))
                _ = try await shipment.hear(PartProgress.self, 1)
                shipment.end(1)
                #expect(try await shipment.hear(PartResult.self, 1).isAccepted)
                try await second.release()
            }
        }

        @Test func `a part whose bytes are others is dropped, and may come again`() async throws {
            try await WorkerUnderTest.run { worker in
                let part = try SampleShard().parts[0]
                let coordinator = try await worker.join()
                let shipment = PlayedShipment(connection: try await coordinator.open(.weights))
                shipment.offer(part, 1)
                _ = try await shipment.hear(PartStatus.self, 1)
                try shipment.send(part, 1) { $0[$0.count / 2] ^= 1 }
                _ = try await shipment.hear(PartProgress.self, 1)
                shipment.end(1)
                let result = try await shipment.hear(PartResult.self, 1)
                #expect(!result.isAccepted && result.message == "the bytes that arrived have another SHA-256")
                try await shipment.ship(part, 2)
                try await coordinator.release()
            }
        }

        @Test func `a part that is of no use is refused`() async throws {
            try await WorkerUnderTest.run { worker in
                let shard = try SampleShard()
                let coordinator = try await worker.join()
                let first = PlayedShipment(connection: try await coordinator.open(.weights))
                for (index, part) in shard.parts.enumerated() {
                    try await first.ship(part, UInt64(index) + 1)
                }
                coordinator.tell(shard.assignment())
                _ = try await coordinator.hear(StoreStatus.self)
                _ = try await coordinator.hear(Ready.self)
                first.offer(shard.parts[0], UInt64(shard.parts.count) + 1)
                let fault = try await coordinator.hear(Fault.self)
                #expect(fault.code == .storage)
                #expect(fault.message == "worker w was offered a part, but all of its stage's are there")
                try await first.connection.closed()
                #expect(try await coordinator.pulse().state == .serving)
                try await coordinator.release()
            }
        }

        @Test func `a part that another connection brings already is refused`() async throws {
            try await WorkerUnderTest.run { worker in
                let part = try SampleShard().parts[0]
                let coordinator = try await worker.join()
                let first = PlayedShipment(connection: try await coordinator.open(.weights))
                first.offer(part, 1)
                _ = try await first.hear(PartStatus.self, 1)
                let second = PlayedShipment(connection: try await coordinator.open(.weights))
                second.offer(part, 1)
                let fault = try await coordinator.hear(Fault.self)
                #expect(fault.message == "part \(part.reference.digest.short) is arriving already")
                try await second.connection.closed()
                try first.send(part, 1)
                _ = try await first.hear(PartProgress.self, 1)
                first.end(1)
                #expect(try await first.hear(PartResult.self, 1).isAccepted)
                try await coordinator.release()
            }
        }

        @Test func `a store that cannot be written to is told, and the session goes on`() async throws {
            try await WorkerUnderTest.run { worker in
                let shard = try SampleShard()
                let coordinator = try await worker.join()
                try #require(rmdir(worker.folder.path(of: "partial")) == 0)
                try worker.folder.write("", to: "partial")
                let shipment = PlayedShipment(connection: try await coordinator.open(.weights))
                shipment.offer(shard.parts[0], 1)
                let fault = try await coordinator.hear(Fault.self)
                #expect(fault.code == .storage)
                #expect(fault.message.contains("/partial/\(shard.parts[0].reference.digest.hex)"))
                try await shipment.connection.closed()
                #expect(try await coordinator.pulse().state == .idle)
                try await coordinator.release()
            }
        }

        @Test func `a session may end while its stage waits for parts, or is being loaded`() async throws {
            try await WorkerUnderTest.run { worker in
                let shard = try SampleShard()
                let first = try await worker.join()
                first.tell(shard.assignment())
                _ = try await first.hear(StoreStatus.self)
                try await first.release()
                let second = try await worker.join()
                let shipment = PlayedShipment(connection: try await second.open(.weights))
                for (index, part) in shard.parts.enumerated() {
                    try await shipment.ship(part, UInt64(index) + 1)
                }
                second.tell(shard.assignment())
                // However far it came.
                try await second.release(skippingAnswers: true)
                let third = try await worker.join()
                third.tell(shard.assignment())
                #expect(try await third.hear(StoreStatus.self).parts.allSatisfy { $0.isComplete })
                _ = try await third.hear(Ready.self)
                try await third.release()
            }
        }
    }
}
