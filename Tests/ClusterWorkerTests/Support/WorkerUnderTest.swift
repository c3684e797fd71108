// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import ClusterTransport
import ClusterWorker
import Logging
import TestSupport

/// A worker in this process, with a store of its own.
struct WorkerUnderTest {
    let folder: TemporaryFolder
    let network: Network
    let address: String

    /// - Parameter memoryByteCount: What a stage may take.
    static func run(
        memoryByteCount: UInt64 = 1 << 30, _ body: (WorkerUnderTest) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let configuration = WorkerConfiguration(
            listen: "127.0.0.1:0", dataDirectory: folder.path, name: "w", cluster: nil, key: [],
            threadCount: 1, memoryByteCount: memoryByteCount, kernels: try Kernels())
        let network = Network()
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let worker = try WorkerService(configuration: configuration, network: network, log: log)
        let listener = try await worker.start()
        let result: Result<Void, any Error>
        do {
            try await body(
                WorkerUnderTest(folder: folder, network: network, address: "127.0.0.1:\(listener.port)"))
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

    /// Where the store has a part, or will have it.
    func path(of file: PartFile) -> String { folder.path(of: "parts/\(file.digest.hex)") }
}
