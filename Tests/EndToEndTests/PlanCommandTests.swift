// SPDX-License-Identifier: MIT
import Foundation
import Testing

extension EndToEnd {
    /// `bitnet-ctl plan`: what it accepts, what it prints; no worker runs.
    @Suite struct PlanCommand {
        private struct Report: Decodable {
            struct Stage: Decodable {
                let worker: String
                let firstLayer: Int
                let endLayer: Int
                let stepMs: Double
                let busyShare: Double
                let figures: String
            }
            struct Expectation: Decodable {
                let concurrency: Int
                let tokensPerSecond: Double
                let measuredTokensPerSecond: Double?
            }

            let cluster: String
            let basis: String
            let stages: [Stage]
            let unused: [String]
            let expected: [Expectation]
            let bottleneck: String
            let advice: [String]
        }

        private struct ScalingReport: Decodable {
            struct Case: Decodable {
                let workers: Int
                let concurrency: Int
                let delayMs: Double
                let tokensPerSecond: Double
                let predictedTokensPerSecond: Double
                let worthItUpTo: Int?
            }

            let worker: String
            let cases: [Case]
        }

        private let directory: TemporaryDirectory

        init() throws {
            directory = try TemporaryDirectory()
        }

        private func shards(_ names: [String] = ["a", "b", "c"]) throws -> String {
            var file = ClusterFileBuilder()
            file.workers = names.enumerated().map { .init(name: $1, address: "127.0.0.1:\($0 + 1)") }
            return try file.write(in: directory)
        }

        /// With measurements of their own, whatever is in the user's cache.
        private func run(_ arguments: [String]) async throws -> ChildProcess {
            let process = try ChildProcess(
                "bitnet-ctl", ["plan"] + arguments + ["--store-dir", directory.path(of: "store")])
            _ = try await process.untilEnd()
            return process
        }

        private func decode<Value: Decodable>(_ type: Value.Type, _ arguments: [String]) async throws -> Value
        {
            let process = try await run(arguments + ["--json"])
            try #require(process.output.hasPrefix("{"), "\(process.diagnostics)")
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(type, from: Data(process.output.utf8))
        }

        @Test func `without measurements it says that it assumes`() async throws {
            let process = try await run(
                ["--shards", try shards(), "--shape", "8b", "-C", "16", "--assume", "b=10GB/s"])
            #expect(process.diagnostics.isEmpty, "\(process.diagnostics)")
            #expect(process.output.contains("ASSUMED to read 20.0 GB/s"), "\(process.output)")
            #expect(process.output.contains("ASSUMED to read 10.0 GB/s"))
            #expect(process.output.contains("4 of 4 links are ASSUMED to carry 940 Mbit/s"))
            #expect(process.output.contains("bottleneck: "))
        }

        @Test func `a chunk whose steps would not fit is refused with the largest that does`() async throws {
            let arguments = ["--shards", try shards(), "--shape", "70b", "--prefill-chunk"]
            let process = try await run(arguments + ["480"])
            #expect(
                process.diagnostics.contains("--prefill-chunk must be 1...479 for"), "\(process.diagnostics)")
            let largest = try await run(arguments + ["479"])
            #expect(!largest.diagnostics.contains("--prefill-chunk"), "\(largest.diagnostics)")
        }

        @Test func `a reserve lowers how many run at a time, or is refused`() async throws {
            var file = ClusterFileBuilder()
            file.workers = ["a", "b"].enumerated().map {
                .init(name: $1, address: "127.0.0.1:\($0 + 1)", memory: "8GiB")
            }
            let arguments = ["--shards", try file.write(in: directory), "--shape", "8b", "--reserve"]
            let usual = try await run(arguments + ["--ctx-size", "4096"])
            #expect(usual.output.contains("goes on"), "\(usual.output)\(usual.diagnostics)")
            #expect(!usual.output.contains("waits for it"))
            let many = try await run(arguments + ["--ctx-size", "4096", "--parallel", "16"])
            #expect(
                many.diagnostics.contains("no room is left for the layers of worker a, as --reserve asks"))
        }

        @Test func `segments stay together, and that is said`() async throws {
            let arguments = ["--shards", try shards(), "--shape", "8b", "-C", "8", "--segment-layers", "5"]
            let report = try await decode(Report.self, arguments)
            #expect(report.stages.allSatisfy { $0.firstLayer.isMultiple(of: 5) }, "\(report)")
            #expect(report.stages.last?.endLayer == 32)
            #expect(report.advice.contains("segments of 5 layers stay together"))
        }

        @Test func `faster workers get more layers, and a given number of sequences is planned for`()
            async throws
        {
            // A shape whose layers take far longer than a step's fixed cost.
            let arguments = ["--shards", try shards(["a", "b"]), "--shape", "8b", "--assume", "b=80GB/s"]
            let report = try await decode(Report.self, arguments + ["-C", "8", "--assume-link", "100"])
            #expect(report.cluster == "tests" && report.basis == "time")
            let counts = report.stages.map { $0.endLayer - $0.firstLayer }
            #expect(counts.reduce(0, +) == 32)
            let fast = try #require(report.stages.first { $0.worker == "b" })
            #expect(fast.endLayer - fast.firstLayer > 20, "\(report)")
            #expect(report.stages.allSatisfy { $0.figures == "assumed" && $0.busyShare > 0.5 })
            #expect(report.expected.map(\.concurrency) == [1, 2, 4, 8, 16, 32])
            #expect(report.expected.allSatisfy { $0.measuredTokensPerSecond == nil })
            let alone = try await decode(Report.self, arguments + ["-C", "1"])
            #expect(alone.stages.map(\.worker) == ["b"] && alone.unused == ["a"])
            #expect(alone.advice.contains { $0.hasPrefix("a is left out") }, "\(alone)")
        }

        @Test func `measurements are used and shown beside the plan`() async throws {
            let shards = try shards(["a"])
            let first = try await decode(Report.self, ["--shards", shards, "--shape", "8b"])
            #expect(first.stages[0].figures == "assumed")
            let shape =
                "\"hidden\":4096,\"query\":4096,\"key_value\":1024,\"feed_forward\":14336,\"vocabulary\":128256"
            let curve = "[[1,0.001],[64,0.01]]"
            let book = """
                {"format":1,"workers":[{"cluster":"tests","worker":"a","kernel":"avx2",\(shape),"measured_at":7,
                "memory_bytes":64000000000,"layer_seconds":\(curve),"prefill_layer_seconds":\(curve),
                "head_seconds":\(curve),"step_seconds":0.001,"read_bytes_per_second":1e10,"attention_seconds":0}],
                "links":[],"runs":[{"cluster":"tests",\(shape),"concurrency":4,"tokens_per_second":99.5,
                "measured_at":7,"stages":[{"worker":"a","first_layer":0,"end_layer":32,"step_seconds":0.04,
                "busy_share":0.9}]}]}
                """
            try FileManager.default.createDirectory(
                atPath: directory.path(of: "store"), withIntermediateDirectories: true)
            _ = try directory.write(book, to: "store/measurements.json")
            let report = try await decode(Report.self, ["--shards", shards, "--shape", "8b"])
            #expect(report.stages[0].figures == "measured")
            let four = try #require(report.expected.first { $0.concurrency == 4 })
            #expect(four.measuredTokensPerSecond == 99.5)
            let text = try await run(["--shards", shards, "--shape", "8b"]).output
            #expect(text.contains("measured (avx2)") && text.contains("99.5 ("), "\(text)")
            let scaled = try await decode(Report.self, ["--shards", shards, "--shape", "2b-4t"])
            #expect(scaled.stages[0].figures == "scaled")
            let other = try await decode(
                Report.self, ["--shards", shards, "--shape", "8b", "--assume", "a=20GB/s"])
            #expect(other.stages[0].figures == "assumed")

            _ = try directory.write("{\"format\":1", to: "store/measurements.json")
            let damaged = try await run(["--shards", shards])
            #expect(damaged.diagnostics.contains("delete the file"), "\(damaged.diagnostics)")
            #expect(try await damaged.untilEnd() == .exited(2))
        }

        @Test func `it shows how a shape scales`() async throws {
            let report = try await decode(
                ScalingReport.self,
                ["--simulate", "--shape", "70b", "--counts", "2,4", "--links", "10", "--delays", "0.1,50"]
                    + ["--sequences", "1,4"])
            #expect(report.worker.hasPrefix("ASSUMED") && report.cases.count == 8)
            for found in report.cases {
                #expect(found.tokensPerSecond > 0)
                #expect((0.8...1.25).contains(found.tokensPerSecond / found.predictedTokensPerSecond))
            }
            // One stream gains nothing from more workers.
            let alone = report.cases.filter { $0.concurrency == 1 && $0.delayMs == 0.1 }
            #expect(alone.allSatisfy { $0.worthItUpTo == 2 })
            let text = try await run(["--simulate", "--shape", "tiny", "--counts", "2,4", "--sequences", "2"])
            #expect(text.output.contains("2 at a time: tokens/s by number of workers"), "\(text.output)")
            #expect(text.output.contains("worth it up to"))
        }

        @Test(arguments: [
            [], ["--shards", "w.yaml", "-C", "0"], ["--shards", "w.yaml", "--shape", "9b"],
            ["--shards", "w.yaml", "--shape", "8b", "--model", "a.gguf"], ["--simulate"],
            ["--shards", "w.yaml", "--assume-bandwidth", "fast"], ["--shards", "w.yaml", "--assume", "a"],
            ["--shards", "w.yaml", "--assume-link", "0"], ["--shards", "w.yaml", "--assume-delay", "-1"],
            ["--simulate", "--shape", "8b", "--counts", "0"],
            ["--simulate", "--shape", "8b", "--sequences", "1,x"],
            ["--simulate", "--shape", "8b", "--links", ""],
            ["--simulate", "--shape", "8b", "--delays", "1e9"],
        ])
        func `wrong usage ends with 64`(arguments: [String]) async throws {
            let process = try ChildProcess("bitnet-ctl", ["plan"] + arguments)
            #expect(try await process.untilEnd() == .exited(64))
            #expect(process.diagnostics.hasPrefix("Error: "), "\(process.diagnostics)")
            #expect(process.output.isEmpty)
        }

        @Test func `what cannot be planned ends with 2 and the reason`() async throws {
            let shards = try shards(["a"])
            let unknown = try await run(["--shards", shards, "--assume", "z=1GB/s"])
            #expect(try await unknown.untilEnd() == .exited(2))
            #expect(unknown.diagnostics.contains("there is no worker z"), "\(unknown.diagnostics)")
            var file = ClusterFileBuilder()
            file.workers = [.init(name: "a", address: "127.0.0.1:1", memory: "100KiB")]
            let small = try await run(["--shards", try file.write(in: directory)])
            #expect(try await small.untilEnd() == .exited(2))
            #expect(small.diagnostics.firstMatch(of: /worker a .*: \d+ bytes short/) != nil)
        }
    }
}
