// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import ClusterProtocol
import ClusterTransport
import ClusterWire
import ClusterWorker
import Logging
import TestSupport

/// A worker in this process, with a store of its own.
struct WorkerUnderTest {
    let folder: TemporaryFolder
    let network: Network
    let address: String

    /// - Parameters:
    ///   - memoryByteCount: What a stage may take.
    ///   - name: What an operator has called it; without one, any name will do.
    ///   - log: What it tells.
    ///   - listen: Where it is.
    static func run(
        memoryByteCount: UInt64 = 1 << 30, name: String? = nil, key: [UInt8] = [],
        listen: HostPort = HostPort(host: "127.0.0.1", port: 0),
        log: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        _ body: (WorkerUnderTest) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        var configuration = WorkerConfiguration(
            listen: "\(listen)", dataDirectory: folder.path, name: name ?? "w", cluster: nil,
            credentials: try Credentials(key: key),
            threadCount: 1, memoryByteCount: memoryByteCount, kernels: try Kernels())
        configuration.isNamed = name != nil
        let network = Network()
        let worker = try WorkerService(configuration: configuration, network: network, log: log)
        let listener = try await worker.start()
        let result: Result<Void, any Error>
        do {
            try await body(
                WorkerUnderTest(folder: folder, network: network, address: "\(listen.host):\(listener.port)"))
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await listener.close()
        await network.shutdown()
        try result.get()
    }

    func join(session: UInt64 = 7, as name: String = "alpha") async throws -> PlayedCoordinator {
        try await PlayedCoordinator(network: network, address: address, session: session, name: name)
    }

    /// Tries again as long as the worker says that it is busy; for ever, if nobody lets it go.
    func joinWhenFree(session: UInt64 = 8, as name: String = "beta") async throws -> PlayedCoordinator {
        while true {
            do { return try await join(session: session, as: name) } catch let error as HandshakeError
                where error.code == .busy || error.code == .releasing
            { await Task.yield() }
        }
    }

    /// Where the store has a part, or will have it.
    func path(of file: PartFile) -> String { folder.path(of: "parts/\(file.digest.hex)") }
}
