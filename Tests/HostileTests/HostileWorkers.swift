// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import ClusterTransport
import ClusterWorker
import Glibc
import TestSupport

/// Honest workers, against which one history or several in a row are played.
struct HostileWorkers: Sendable {
    let world: HostileWorld
    let folder: TemporaryFolder
    let listeners: [Listener]
    let services: [WorkerService]

    /// - Parameters:
    ///   - history: says how many there are, and what they have on disk.
    ///   - data: the first worker's directory, if it is not its own.
    init(_ history: History, in world: HostileWorld, data: TemporaryFolder? = nil) async throws {
        self.world = world
        folder = try TemporaryFolder()
        var (listeners, services): ([Listener], [WorkerService]) = ([], [])
        for index in 0..<history.workerCount {
            let directory = index == 0 && data != nil ? data?.path ?? "" : folder.path(of: "worker \(index)")
            try FileSystem.makeDirectory(directory)
            if history.isPrepared { try Self.link("parts", of: world.prepared, into: directory) }
            // Measuring itself is tested elsewhere, and takes long.
            if history.isMeasured { try Self.link("measurements", of: world.prepared, into: directory) }
            let service = try WorkerService(
                configuration: try Self.configuration(index, directory), network: HostileWorld.network,
                log: HostileWorld.log)
            listeners.append(try await service.start())
            services.append(service)
        }
        self.listeners = listeners
        self.services = services
    }

    private static func configuration(_ index: Int, _ directory: String) throws -> WorkerConfiguration {
        var configuration = WorkerConfiguration(
            listen: "127.0.0.1:0", dataDirectory: directory, name: name(index), cluster: nil,
            credentials: .none,
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

    var ports: [Int] { listeners.map(\.port) }

    /// One that finds them behind these ports.
    func coordinator(
        through ports: [Int], isPacked: Bool, measures: Bool = false, joinTimeout: Duration = .seconds(2)
    ) throws -> HonestCoordinator {
        var text = "cluster: \(HostileWorld.cluster)\nworkers:\n"
        for (index, port) in ports.enumerated() {
            let layers = ports.count == 1 ? "0-1" : "\(index)-\(index)"
            text += "  - name: \(Self.name(index))\n    address: 127.0.0.1:\(port)\n    layers: \(layers)\n"
        }
        let file = try folder.write(text, to: "workers-\(ports[0]).yaml")
        return HonestCoordinator(
            model: world.model, clusterFile: file, store: isPacked ? world.store : nil,
            measures: measures, joinTimeout: joinTimeout)
    }

    func close() async {
        for listener in listeners { await listener.close() }
    }
}

/// A worker, to see whether anything holds it.
struct WeakService {
    private(set) weak var service: WorkerService?

    init(_ service: WorkerService) { self.service = service }
}
