// SPDX-License-Identifier: MIT
import Foundation

/// Workers on this machine and the cluster file that names them.
final class TestCluster {
    let directory: TemporaryDirectory
    private(set) var workers: [RunningWorker]
    /// Ready to run; tests change it for what they want to see.
    var file: ClusterFileBuilder

    /// One worker for each item of `options`, started with these.
    init(options: [[String]]) async throws {
        let directory = try TemporaryDirectory()
        var workers: [RunningWorker] = []
        for (index, options) in options.enumerated() {
            let name = "w\(index)"
            workers.append(try await RunningWorker.start(name, in: directory, options: options))
        }
        self.directory = directory
        self.workers = workers
        file = ClusterFileBuilder(workers: workers.map { .init(name: $0.name, address: $0.address) })
    }

    /// Workers with one thread each.
    convenience init(count: Int) async throws {
        try await self.init(options: Array(repeating: [], count: count))
    }

    /// Three workers with one thread and three layers each, as `--cuts 3,6` divides the model.
    static func three(options: [[String]] = [[], [], []]) async throws -> TestCluster {
        let cluster = try await TestCluster(options: options)
        cluster.assign("0-2", "3-5", "6-8")
        return cluster
    }

    /// Names each worker's layers in the cluster file.
    func assign(_ layers: String...) {
        for (index, layers) in layers.enumerated() { file.workers[index].layers = layers }
    }

    /// Starts a worker again, on its port and with its data directory.
    func restart(_ index: Int) async throws {
        try await workers[index].kill()
        workers[index] = try await RunningWorker.start(
            workers[index].name, in: directory, port: workers[index].port)
    }

    /// Starts a coordinator with this cluster's file.
    func start(_ arguments: [String], input: String? = "") throws -> CoordinatorRun {
        try CoordinatorRun(["--shards", file.write(in: directory)] + arguments, input: input)
    }

    /// Runs a coordinator from beginning to end.
    func run(_ arguments: [String], input: String = "") async throws -> FinishedRun {
        try await start(arguments, input: input).finish()
    }

    /// Bytes on all workers' disks.
    var storedByteCount: UInt64 { workers.map(\.storedByteCount).reduce(0, +) }
}
