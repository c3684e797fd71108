// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterTransport
import ClusterWorker
import Glibc
import NIOCore
import NIOPosix
import TestSupport

/// The workers of one history, and a hostile member between them and everybody.
struct HostileStage: Sendable {
    let world: HostileWorld
    let history: History
    let member: HostileMember
    let folder: TemporaryFolder
    let listeners: [Listener]
    let relays: [HostileRelay]
    let services: [WorkerService]

    /// - Parameter data: the first worker's directory, if it is not its own.
    init(_ history: History, in world: HostileWorld, data: TemporaryFolder? = nil) async throws {
        self.world = world
        self.history = history
        folder = try TemporaryFolder()
        member = HostileMember(history.deviations, samples: world.samples, on: HostileWorld.loops.next())
        var (listeners, relays, services): ([Listener], [HostileRelay], [WorkerService]) = ([], [], [])
        for index in 0..<history.workerCount {
            let directory = index == 0 && data != nil ? data?.path ?? "" : folder.path(of: "worker \(index)")
            try FileSystem.makeDirectory(directory)
            if history.isPrepared { try Self.link("parts", of: world.prepared, into: directory) }
            // Measuring itself is tested elsewhere, and takes long.
            if history.isMeasured { try Self.link("measurements", of: world.prepared, into: directory) }
            let service = try WorkerService(
                configuration: try Self.configuration(index, directory), network: HostileWorld.network,
                log: HostileWorld.log)
            let listener = try await service.start()
            listeners.append(listener)
            services.append(service)
            relays.append(try await HostileRelay(member, worker: index, port: listener.port))
        }
        self.listeners = listeners
        self.relays = relays
        self.services = services
    }

    private static func configuration(_ index: Int, _ directory: String) throws -> WorkerConfiguration {
        var configuration = WorkerConfiguration(
            listen: "127.0.0.1:0", dataDirectory: directory, name: name(index), cluster: nil, key: [],
            threadCount: 1, memoryByteCount: 1 << 30, kernels: try Kernels())
        configuration.linger = .zero
        return configuration
    }

    static func name(_ worker: Int) -> String { ["a", "b"][worker] }

    /// Files of parts and measurements are never written to, so that all may have the same.
    private static func link(_ folder: String, of prepared: TemporaryFolder, into directory: String) throws {
        let (source, target) = (prepared.path(of: folder), "\(directory)/\(folder)")
        try FileSystem.makeDirectory(target)
        for name in FileSystem.entries(of: source) {
            guard Glibc.link("\(source)/\(name)", "\(target)/\(name)") == 0 else {
                throw SystemError("link \(name)")
            }
        }
    }

    /// One that finds the workers behind these ports.
    func coordinator(
        through ports: [Int], measures: Bool = false, joinTimeout: Duration = .seconds(2)
    ) throws -> HonestCoordinator {
        var text = "cluster: \(HostileWorld.cluster)\nworkers:\n"
        for (index, port) in ports.enumerated() {
            let layers = ports.count == 1 ? "0-1" : "\(index)-\(index)"
            text += "  - name: \(Self.name(index))\n    address: 127.0.0.1:\(port)\n    layers: \(layers)\n"
        }
        let file = try folder.write(text, to: "workers-\(ports[0]).yaml")
        return HonestCoordinator(
            model: world.model, clusterFile: file, store: history.isPacked ? world.store : nil,
            measures: measures, joinTimeout: joinTimeout)
    }

    /// Ends everything, whatever state it is in.
    func close() async throws {
        member.leave()
        member.hangUpForGood()
        for relay in relays { await relay.close() }
        for listener in listeners { await listener.close() }
    }
}

/// A worker, to see whether anything holds it.
struct WeakService {
    private(set) weak var service: WorkerService?

    init(_ service: WorkerService) { self.service = service }
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
