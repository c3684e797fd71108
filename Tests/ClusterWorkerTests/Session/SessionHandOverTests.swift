// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterProtocol
import ClusterTransport
import ClusterWire
import Glibc
import TestSupport
import Testing

extension WorkersInProcess {
    /// Who holds a worker, and how it passes from one coordinator to the next.
    @Suite(.timeLimit(.minutes(2))) struct SessionHandOver {
        private func refusal(of body: () async throws -> Void) async -> HandshakeError? {
            do {
                try await body()
                return nil
            } catch {
                return error as? HandshakeError
            }
        }

        @Test func `a second coordinator is told who holds the worker`() async throws {
            try await WorkerUnderTest.run { worker in
                let first = try await worker.join()
                let error = await refusal { _ = try await worker.join(session: 8, as: "beta") }
                #expect(error?.code == .busy)
                #expect(error?.message.contains("worker w is serving alpha at 127.0.0.1:") == true)
                try await first.release()
                try await worker.join(session: 8, as: "beta").release()
            }
        }

        @Test func `of a session that is torn down nothing is left`() async throws {
            try await WorkerUnderTest.run { worker in
                let shard = try SampleShard()
                let part = shard.parts[0]
                let first = try await worker.join()
                let shipment = PlayedShipment(connection: try await first.open(.weights))
                shipment.offer(part, 1)
                _ = try await shipment.hear(PartStatus.self, 1)
                first.tell(Release())
                // The session's end begins with that of its connections.
                try await shipment.connection.closed()
                let unknown = await refusal { _ = try await first.open(.weights) }
                #expect(unknown?.code == .session)
                _ = try await first.hear(Released.self)
                // The part is not “arriving already”: its room was given back before the worker was free.
                let second = try await worker.join(session: 8, as: "beta")
                try await PlayedShipment(connection: second.open(.weights)).ship(part, 1)
                try await second.release()
            }
        }

        @Test func `a coordinator that comes back under its old number begins anew`() async throws {
            try await WorkerUnderTest.run { worker in
                let shard = try SampleShard()
                let first = try await worker.join()
                let shipment = PlayedShipment(connection: try await first.open(.weights))
                shipment.offer(shard.parts[0], 1)
                _ = try await shipment.hear(PartStatus.self, 1)
                try await first.release()
                let second = try await worker.join()
                // The part that was open when the first visit ended is not open now.
                second.tell(shard.assignment())
                #expect(try await second.hear(StoreStatus.self).parts.count == shard.parts.count)
                try await second.release()
            }
        }

        @Test func `a coordinator whose connection breaks holds the worker no longer`() async throws {
            try await WorkerUnderTest.run { worker in
                let shard = try SampleShard()
                let first = try await worker.join()
                first.tell(shard.assignment())
                _ = try await first.hear(StoreStatus.self)
                let weights = try await first.open(.weights)
                first.control.close()
                try await weights.closed()
                let second = try await worker.joinWhenFree()
                second.tell(shard.assignment())
                #expect(try await second.hear(StoreStatus.self).parts.allSatisfy { !$0.isComplete })
                try await second.release()
            }
        }

        @Test func `a coordinator that breaks the protocol holds the worker no longer`() async throws {
            try await WorkerUnderTest.run { worker in
                let first = try await worker.join()
                first.tell(.partEnd)
                try await first.control.closed()
                try await worker.joinWhenFree().release()
            }
        }

        @Test func `connections of a session that is unknown are refused`() async throws {
            try await WorkerUnderTest.run { worker in
                let first = try await worker.join()
                let stranger = PeerDialer(
                    network: worker.network, cluster: "demo", node: "beta", session: 8)
                for role in [ConnectionRole.weights, .steps, .outcomes, .link, .probe] {
                    let error = await refusal {
                        _ = try await stranger.connect(role, to: worker.address, peer: "the worker")
                    }
                    #expect(error?.code == .session, "\(role)")
                }
                try await first.release()
            }
        }

        @Test func `a worker that hashes gigabytes is free at once when its coordinator goes`() async throws {
            try await WorkerUnderTest.run { worker in
                // Nothing but holes: half a minute of hashing at the least.
                let file = PartFile(digest: ContentDigest.of([1]), byteCount: Limits.partBytesMax)
                try worker.folder.write("", to: "parts/\(file.digest.hex)")
                try #require(truncate(worker.path(of: file), off_t(file.byteCount)) == 0)
                let first = try await worker.join()
                let shipment = PlayedShipment(connection: try await first.open(.weights))
                shipment.connection.send(Frame(PartOffer(file), stream: 1))
                let start = ContinuousClock.now
                try await first.release()
                #expect(start.duration(to: .now) < .seconds(10))
                // It was not looked at to its end, so nothing is known against it.
                #expect(access(worker.path(of: file), F_OK) == 0)
            }
        }
    }
}
