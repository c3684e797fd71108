// SPDX-License-Identifier: MIT
import Foundation
import Testing

extension EndToEnd {
    /// `bitnet-ctl bench` of whole pipelines, and what `plan` makes of it.
    @Suite struct PipelineBench {
        private struct Record: Decodable {
            struct Row: Decodable {
                let test: String
                let concurrency: Int
                let tokensPerSecond: [Double]
            }

            struct Stage: Decodable {
                let concurrency: Int
                let layers: String
                let tokensPerStep: Double
                let busy: Double
            }

            let rows: [Row]
            let stages: [Stage]
            let workers: Int
            let hopMicros: Double?
        }

        private static let quick = ["--tokens", "24", "--prompt-tokens", "40", "--rounds", "2", "-C", "1,4"]

        private static func record(_ text: String) throws -> Record {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Record.self, from: Data(text.utf8))
        }

        private static func check(_ record: Record, stages: Int) {
            #expect(record.rows.map(\.test) == ["pp40", "tg24", "tg24"])
            #expect(record.rows.map(\.concurrency) == [1, 1, 4])
            #expect(record.rows.allSatisfy { $0.tokensPerSecond.count == 2 })
            #expect(record.rows.flatMap(\.tokensPerSecond).allSatisfy { $0 > 0 })
            #expect(record.stages.count == 2 * stages)
            #expect(record.stages.allSatisfy { $0.busy > 0 && $0.busy <= 1 && $0.tokensPerStep >= 0.9 })
            #expect((record.hopMicros ?? 0) > 0)
        }

        @Test func `a pipeline in this process is measured, saved and compared`() async throws {
            let directory = try TemporaryDirectory()
            let saved = directory.path(of: "a.json")
            let arguments = ["bench", "--local", "--cuts", "4", "--model", Programs.model] + Self.quick
            let process = try ChildProcess("bitnet-ctl", arguments + ["--json", "--save", saved])
            try #require(try await process.untilEnd() == .exited(0), "\(process.diagnostics)")
            Self.check(try Self.record(process.output), stages: 2)
            #expect(try String(contentsOfFile: saved, encoding: .utf8) == process.output)

            let comparison = try ChildProcess("bitnet-ctl", ["bench", "--compare", saved, saved])
            #expect(try await comparison.untilEnd() == .exited(0))
            #expect(comparison.output.contains("| pp40 |"))
            #expect(comparison.output.split(separator: "\n").count { $0.hasSuffix("| 1.000 |") } == 3)

            let table = try ChildProcess("bitnet-ctl", arguments)
            #expect(try await table.untilEnd() == .exited(0))
            #expect(table.output.hasPrefix("|   model |     size | params | workers | stages |"))
        }

        @Test func `workers are measured once, and a plan stands beside what they did`() async throws {
            let cluster = try await TestCluster(count: 2)
            cluster.assign("0-4", "5-8")
            let file = try cluster.file.write(in: cluster.directory)
            let store = ["--store-dir", cluster.directory.path(of: "store")]
            let place = ["--shards", file, "--model", Programs.model] + store
            let bench = try ChildProcess("bitnet-ctl", ["bench", "--json"] + place + Self.quick)
            try #require(try await bench.untilEnd() == .exited(0), "\(bench.diagnostics)")
            Self.check(try Self.record(bench.output), stages: 2)
            #expect(bench.diagnostics.contains("measured w0  a layer "))
            #expect(!bench.diagnostics.contains("at an earlier join"))
            #expect(bench.diagnostics.contains("link w0 to w1  "))

            let again = try await cluster.run(
                ["--placement", "time", "--prompt", "One", "-n", "2"] + store)
            #expect(again.status == 0)
            #expect(again.diagnostics.components(separatedBy: "at an earlier join").count == 3)
            #expect(!again.diagnostics.contains("link w0"))

            let plan = try ChildProcess("bitnet-ctl", ["plan", "-C", "4"] + place)
            try #require(try await plan.untilEnd() == .exited(0), "\(plan.diagnostics)")
            #expect(plan.output.contains("w0  measured"))
            let four = plan.output.split(separator: "\n").first { $0.hasPrefix("4 ") }
            #expect(four?.contains("%)") == true, "prediction beside measurement: \(plan.output)")
        }

        @Test func `a worker without the memory to measure is planned for by bytes`() async throws {
            let cluster = try await TestCluster(options: [["--memory", "40MiB"], []])
            let run = try await cluster.run(
                ["--placement", "time", "--prompt", "One", "-n", "2", "--parallel", "1", "--ctx-size", "64"])
            #expect(run.status == 0, "\(run)")
            #expect(run.diagnostics.contains("warning: w0 was not measured"), "\(run)")
            #expect(run.diagnostics.contains("measured w1  a layer "), "\(run)")
        }

        @Test(arguments: [
            [], ["--local"], ["--local", "--model", "m", "--shards", "w.yaml"], ["--compare", "a.json"],
            ["--local", "--model", "m", "-C", "0"], ["--local", "--model", "m", "--tokens", "3"],
            ["--local", "--model", "m", "--rounds", "0"], ["--local", "--model", "m", "--mixed", "0"],
        ])
        func `wrong usage ends with 64`(arguments: [String]) async throws {
            let process = try ChildProcess("bitnet-ctl", ["bench", "pipeline"] + arguments)
            #expect(try await process.untilEnd() == .exited(64), "\(process.diagnostics)")
            #expect(process.output.isEmpty)
        }

        @Test func `a file that is no record is named`() async throws {
            let directory = try TemporaryDirectory()
            let path = try directory.write("{}", to: "a.json")
            let process = try ChildProcess("bitnet-ctl", ["bench", "--compare", path, path])
            #expect(try await process.untilEnd() == .exited(2))
            #expect(process.diagnostics.contains("a.json is no record"))
        }
    }
}
