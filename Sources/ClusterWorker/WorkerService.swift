// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import ClusterLogic
package import ClusterTransport
import ClusterWire
package import Logging

/// A worker daemon: listens, lets one coordinator at a time in, and runs the stage it is given.
package actor WorkerService {
    private let configuration: WorkerConfiguration
    private let store: PartStore
    private let network: Network
    private let log: Logger
    private var session: WorkerSession?
    private var cluster: String?

    /// - Throws: ``FileError`` if the data directory cannot be used.
    package init(configuration: WorkerConfiguration, network: Network, log: Logger) throws {
        self.configuration = configuration
        self.network = network
        self.log = log
        store = try PartStore(directory: configuration.dataDirectory)
        cluster = configuration.cluster
    }

    /// Starts listening.
    ///
    /// - Throws: ``TransportError`` if the address cannot be listened on.
    package func start() async throws -> Listener {
        try await network.listen(on: configuration.listen) { [weak self] connection in
            await self?.serve(connection)
        }
    }

    private func serve(_ connection: FrameConnection) async {
        do {
            let peer = try await connection.acceptHandshake(
                identity: HandshakeIdentity(node: configuration.name, cluster: cluster, build: Build.name),
                capabilities: capabilities, key: configuration.key,
                admit: { self.admission(of: $0, on: connection) })
            try await serve(connection, as: peer)
        } catch {
            log.warning(
                "connection refused or broken", metadata: ["peer": "\(connection.peer)", "error": "\(error)"])
        }
        if let session, session.control === connection { self.session = nil }
        connection.close()
    }

    private func serve(_ connection: FrameConnection, as peer: HandshakeSession) async throws {
        guard let session, session.id == peer.session else { return }
        switch peer.role {
        case .control:
            log.info("joined", metadata: ["holder": "\(peer.peerNode)", "cluster": "\(peer.cluster)"])
            await ControlLoop(connection: connection, session: session, log: log).run()
            await session.end()
        case .weights:
            await session.keep(connection)
            do {
                try await PartReception(connection: connection, session: session, store: store).run()
            } catch {
                connection.close()
                session.control.send(.fault(.storage, stageIndex: 0, "cannot take weights: \(error)"))
            }
        case .steps, .link:
            try await session.attach(upstream: connection)
            try await connection.closed()
        case .outcomes:
            await session.attach(downstream: connection, named: "the coordinator")
            try await connection.closed()
        }
    }

    /// Whether a peer that has proved itself may come in now.
    private func admission(of hello: Hello, on connection: FrameConnection) -> HandshakeServer.Admission {
        switch (hello.role, session) {
        case (.control, nil):
            cluster = cluster ?? hello.cluster
            session = WorkerSession(
                id: hello.session, holder: "\(hello.node) at \(connection.peer)", control: connection,
                configuration: configuration.belonging(to: cluster), store: store, network: network, log: log)
            return .admitted
        case (.control, .some(let session)):
            return .refused(
                .busy,
                message:
                    "worker \(configuration.name) is serving \(session.holder); stop that coordinator first, or wait "
                    + "until it ends")
        case (_, .some(let session)) where session.id == hello.session:
            return .admitted
        default:
            return .refused(
                .session,
                message: "worker \(configuration.name) does not know this session; has it been restarted?")
        }
    }

    private var capabilities: Capabilities {
        Capabilities(
            isa: configuration.kernels.name, coreCount: UInt32(ComputePool.defaultThreadCount),
            threadCount: UInt32(configuration.threadCount), memoryByteCount: configuration.memoryByteCount,
            storeByteCount: store.freeByteCount)
    }
}

extension WorkerConfiguration {
    func belonging(to cluster: String?) -> WorkerConfiguration {
        var copy = self
        copy.cluster = cluster
        return copy
    }
}
