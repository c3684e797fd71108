// SPDX-License-Identifier: MIT
import Foundation
import Testing

extension EndToEnd {
    /// What `bitnet-ctl doctor` says of real workers.
    @Suite struct Doctor {
        private struct Report: Decodable {
            struct Finding: Decodable {
                var severity: String
                var worker: String?
                var summary: String
                var remedy: String
            }
            struct Way: Decodable {
                var to: String
                var latencySeconds: Double?
                var bytesPerSecond: Double?
                var error: String?
            }
            struct Examination: Decodable {
                var build: String
                var state: String
                var holder: String
                var isa: String
                var threads: Int
                var storeWriteSeconds: Double?
                var machine: [String: Double?]
            }
            struct Worker: Decodable {
                var name: String
                var trouble: String?
                var clockSkewSeconds: Double?
                var examination: Examination?
                var wayFromHere: Way?
                var ways: [Way]?
            }
            var status: Int
            var here: [String: Double?]
            var workers: [Worker]
            var findings: [Finding]

            func failures(of worker: String) -> [Finding] {
                findings.filter { $0.worker == worker && $0.severity == "failure" }
            }
        }

        private func examine(_ cluster: TestCluster, _ options: [String] = []) async throws -> Report {
            let process = try ChildProcess(
                "bitnet-ctl",
                ["doctor", "--json", "--shards", cluster.file.write(in: cluster.directory)] + options)
            let ending = try await process.untilEnd()
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let report = try decoder.decode(Report.self, from: Data(process.output.utf8))
            #expect(ending == .exited(Int32(report.status)), "\(process.diagnostics)")
            return report
        }

        @Test func `workers tell of themselves and of the ways between them`() async throws {
            let cluster = try await TestCluster(count: 3)
            let report = try await examine(cluster)
            #expect(report.workers.map(\.name) == ["w0", "w1", "w2"])
            #expect(report.findings.allSatisfy { $0.severity != "failure" }, "\(report.findings)")
            #expect(report.here["memory_available_bytes"] != nil)
            for worker in report.workers {
                let examination = try #require(worker.examination)
                #expect(examination.build.hasPrefix("bitnet-coord"))
                #expect(examination.state == "idle" && examination.holder.isEmpty)
                #expect(examination.threads == 1 && !examination.isa.isEmpty)
                #expect(examination.storeWriteSeconds ?? 0 > 0)
                let resident = examination.machine["process_resident_bytes"] ?? nil
                #expect(resident ?? 0 > 1e6)
                #expect(abs(worker.clockSkewSeconds ?? .infinity) < 60)
                #expect(worker.wayFromHere?.bytesPerSecond ?? 0 > 0)
                let others = ["w0", "w1", "w2"].filter { $0 != worker.name }
                #expect(Set(worker.ways?.map(\.to) ?? []) == Set(others))
                #expect(worker.ways?.allSatisfy { $0.latencySeconds ?? 0 > 0 && $0.error == nil } == true)
            }
            let leftovers = try FileManager.default.contentsOfDirectory(
                atPath: cluster.workers[0].dataDirectory)
            #expect(!leftovers.contains { $0.hasPrefix("examination") })
        }

        @Test func `a dead worker and one with another key are failures with a remedy, the rest is examined`()
            async throws
        {
            let keys = try TemporaryDirectory()
            let key = try keys.write(String(repeating: "k", count: 32), to: "cluster.key")
            let other = try keys.write(String(repeating: "x", count: 32), to: "other.key")
            let cluster = try await TestCluster(options: [
                ["--key-file", key], ["--key-file", key], ["--key-file", other],
            ])
            cluster.file.keyFile = key
            try await cluster.workers[1].kill()
            let report = try await examine(cluster)
            #expect(report.status == 2)
            #expect(report.workers.map(\.trouble) == [nil, "refused", "other key"])
            #expect(report.failures(of: "w0").isEmpty, "\(report.findings)")
            #expect(report.failures(of: "w1").count == 1)
            #expect(report.failures(of: "w1").first?.remedy.contains(cluster.workers[1].address) == true)
            #expect(report.failures(of: "w2").first?.remedy.contains("same key file") == true)
            #expect(report.workers[0].ways?.allSatisfy { $0.error?.isEmpty == false } == true)
        }

        @Test func `a worker of another cluster keeps its own, and one without takes none`() async throws {
            let cluster = try await TestCluster(options: [["--cluster", "elsewhere"], []])
            cluster.file.cluster = "first"
            let report = try await examine(cluster, ["--no-links"])
            #expect(report.workers.map(\.trouble) == ["other cluster", nil])
            #expect(report.workers[1].ways == nil)
            // Who had no cluster has none still.
            cluster.file.cluster = "second"
            let again = try await examine(cluster, ["--no-links"])
            #expect(again.workers.map(\.trouble) == ["other cluster", nil])
        }

        @Test func `a worker that a coordinator holds is examined beside it and goes on`() async throws {
            let cluster = try await TestCluster(count: 1)
            let run = try cluster.start(["--temp", "0", "-n", "8"], input: nil)
            try await run.process.until("a pipeline") { run.process.diagnostics.contains("ready w0") }
            let report = try await examine(cluster)
            let examination = try #require(report.workers.first?.examination)
            #expect(examination.holder.contains("coordinator"), "\(examination)")
            #expect(examination.state != "idle")
            #expect(run.process.poll() == nil)
        }

        @Test func `people get a table and what to do`() async throws {
            let cluster = try await TestCluster(count: 2)
            try await cluster.workers[1].kill()
            let process = try ChildProcess(
                "bitnet-ctl", ["doctor", "--shards", cluster.file.write(in: cluster.directory)])
            #expect(try await process.untilEnd() == .exited(2))
            let lines = process.output.split(separator: "\n").map(String.init)
            #expect(lines.contains { $0.hasPrefix("huge pages") })
            #expect(lines.contains { $0.hasPrefix("failure  w1: ") }, "\(process.output)")
            #expect(lines.contains { $0.contains("-> start it there") })
            #expect(lines.last?.hasPrefix("tests: 1 of 2 workers answer; 1 failure") == true)
        }
    }
}
