// SPDX-License-Identifier: MIT
import Foundation
import Testing

extension EndToEnd {
    /// Hundreds of clients at once: `cluster/load` with its verdict.
    @Suite struct Load {
        private struct Result: Decodable {
            let statuses: [String: Int]
            let lost: Int
            let left: Int
        }

        private func load(_ run: ServingRun, _ arguments: [String]) async throws -> Result {
            let directory = try TemporaryDirectory()
            let output = directory.path(of: "result.json")
            guard FileManager.default.createFile(atPath: output, contents: nil),
                let file = FileHandle(forWritingAtPath: output)
            else { throw TestError("cannot write \(output)") }
            let process = Process()
            process.executableURL = Programs.repository.appending(path: "cluster/load")
            process.arguments = [run.gateway] + arguments
            process.standardOutput = file
            try process.run()
            try await run.until("the end of the load", within: .seconds(300)) { !process.isRunning }
            let text = try String(contentsOfFile: output, encoding: .utf8)
            try #require(process.terminationStatus == 0, "\(text)\n\(run.process.diagnostics.suffix(2000))")
            return try JSONDecoder().decode(Result.self, from: Data(text.utf8))
        }

        private func queue(_ run: ServingRun) async throws -> [String: Any] {
            try #require(try await run.get(run.admin + "/v1/status").object()["queue"] as? [String: Any])
        }

        @Test func `two thousand requests of two hundred clients are answered, whoever else is there`()
            async throws
        {
            let cluster = try await TestCluster.three()
            let run = try await ServingRun(["--shards", cluster.file.write(in: cluster.directory)])
            try await run.untilReady()
            let result = try await load(
                run, ["--tokens", "1-8", "--prompt-words", "1-20", "--deaf", "4", "--leaving", "6"])
            #expect(result.statuses == ["200": 2000])
            #expect(result.lost == 0)
            #expect(result.left > 0)
            // Who left, or never read, holds nothing any more.
            try await run.until("empty slots") {
                let queue = try await queue(run)
                return queue["running"] as? Int == 0 && queue["waiting"] as? Int == 0
            }
            #expect(run.process.peakResidentBytes < 512 << 20)
        }

        @Test func `who finds the queue full is told so, and when to come back`() async throws {
            let run = try await ServingRun([
                "--local", "--model", Programs.model, "--parallel", "2", "--queue", "8",
            ])
            try await run.untilReady()
            let result = try await load(
                run, ["--clients", "100", "--requests", "300", "--tokens", "8-16", "--prompt-words", "1-4"])
            #expect(Set(result.statuses.keys) == ["200", "429"])
            #expect(result.statuses.values.reduce(0, +) == 300)
            let refused = try await queue(run)["refused_count"] as? Int
            #expect(refused == result.statuses["429"])
        }
    }
}
