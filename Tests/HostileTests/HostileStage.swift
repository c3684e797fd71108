// SPDX-License-Identifier: MIT
import ClusterTransport
import NIOCore
import NIOPosix

/// One history's hostile member, between workers and everybody.
struct HostileStage: Sendable {
    let workers: HostileWorkers
    let history: History
    let member: HostileMember
    private let relays: [HostileRelay]

    init(_ history: History, against workers: HostileWorkers) async throws {
        self.workers = workers
        self.history = history
        member = HostileMember(
            history.deviations, samples: workers.world.samples, on: HostileWorld.loops.next())
        var relays: [HostileRelay] = []
        for (index, port) in workers.ports.enumerated() {
            relays.append(try await HostileRelay(member, worker: index, port: port))
        }
        self.relays = relays
    }

    /// One that has this member between itself and the workers.
    func coordinator() throws -> HonestCoordinator {
        try workers.coordinator(
            through: relays.map(\.port), isPacked: history.isPacked, measures: history.isMeasured)
    }

    /// Ends everything, whatever state it is in.
    func close() async {
        member.leave()
        member.hangUpForGood()
        for relay in relays { await relay.close() }
    }
}

/// Where a hostile member listens in place of a worker.
struct HostileRelay: Sendable {
    private let channel: any Channel

    init(_ member: HostileMember, worker: Int, port: Int) async throws {
        channel = try await ServerBootstrap(group: member.eventLoop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { client in
                client.eventLoop.makeCompletedFuture {
                    let connection = RelayedConnection(member, worker: worker, port: port, client: client)
                    try client.pipeline.syncOperations.addHandler(RelayEnd(connection, .toWorker))
                    connection.connect()
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var port: Int { channel.localAddress?.port ?? 0 }

    func close() async { try? await channel.close().get() }
}
