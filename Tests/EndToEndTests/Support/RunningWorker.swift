// SPDX-License-Identifier: MIT
import Foundation
import Glibc

/// A `bitnet-worker` on a port of its own, with a data directory that outlives it.
final class RunningWorker: Sendable {
    let name: String
    let port: Int
    let dataDirectory: String
    let process: ChildProcess

    /// Starts a worker and waits until it listens; port 0 lets the system choose.
    ///
    /// Its data directory is made in `directory`, or found there again.
    static func start(
        _ name: String, in directory: TemporaryDirectory, port: Int = 0, options: [String] = []
    ) async throws -> RunningWorker {
        let data = directory.path(of: name)
        let process = try ChildProcess(
            "bitnet-worker",
            ["--listen", "127.0.0.1:\(port)", "--data-dir", data, "--name", name]
                + (options.contains("--threads") ? [] : ["--threads", "1"]) + options)
        try await process.until("“listening”") { listeningPort(in: process.diagnostics) != nil }
        guard let chosen = listeningPort(in: process.diagnostics) else {
            throw TestError("worker \(name) did not tell its port")
        }
        return RunningWorker(name: name, port: chosen, dataDirectory: data, process: process)
    }

    private init(name: String, port: Int, dataDirectory: String, process: ChildProcess) {
        self.name = name
        self.port = port
        self.dataDirectory = dataDirectory
        self.process = process
    }

    var address: String { "127.0.0.1:\(port)" }

    /// Ends the process at once and waits until it is gone.
    func kill() async throws {
        process.signal(SIGKILL)
        _ = try await process.untilEnd()
    }

    private static func listeningPort(in log: String) -> Int? {
        let line = log.split(separator: "\n").first { $0.contains("listening") && $0.contains("port=") }
        let field = line?.split(separator: " ").first { $0.hasPrefix("port=") }
        return field.flatMap { Int($0.dropFirst("port=".count)) }
    }
}

/// The weights on a worker's disk.
extension RunningWorker {
    /// Whole parts, by file name, with their sizes in bytes.
    var parts: [String: UInt64] { sizes("parts") }

    /// Bytes on disk, those of parts that arrived only in part included.
    var storedByteCount: UInt64 {
        (Array(parts.values) + sizes("partial").values).reduce(0, +)
    }

    /// Path of a whole part.
    func path(ofPart name: String) -> String { "\(dataDirectory)/parts/\(name)" }
    /// Path under which a part is kept while it arrives.
    func path(ofPartial name: String) -> String { "\(dataDirectory)/partial/\(name)" }

    private func sizes(_ folder: String) -> [String: UInt64] {
        let path = "\(dataDirectory)/\(folder)"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let sizes = names.map { name in
            (
                name,
                (try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)"))?[.size] as? UInt64 ?? 0
            )
        }
        return Dictionary(uniqueKeysWithValues: sizes)
    }
}
