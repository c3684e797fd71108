// SPDX-License-Identifier: MIT
import Foundation
import Testing

extension EndToEnd {
    /// `bitnet-ctl inspect`, and the parts that a coordinator keeps.
    @Suite struct Inspect {
        private struct Report: Decodable {
            struct Stage: Decodable {
                let firstLayer: Int
                let endLayer: Int
                let memoryBytes: Int
            }

            let architecture: String
            let synthetic: Bool
            let stages: [Stage]
            let warnings: [String]
        }

        private func inspect(_ arguments: [String]) async throws -> ChildProcess {
            let process = try ChildProcess("bitnet-ctl", ["inspect"] + arguments)
            try #require(try await process.untilEnd() == .exited(0), "\(process.diagnostics)")
            return process
        }

        private func report(_ arguments: [String]) async throws -> Report {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let output = try await inspect(arguments + ["--json"]).output
            return try decoder.decode(Report.self, from: Data(output.utf8))
        }

        @Test func `the stages cover the model and share its memory`() async throws {
            let one = try await report([Programs.model])
            let three = try await report([Programs.model, "--workers", "3"])
            #expect(one.architecture == "bitnet-b1.58" && !one.synthetic && one.warnings.isEmpty)
            #expect(one.stages.count == 1 && three.stages.count == 3)
            #expect(three.stages.map(\.firstLayer) == [0] + three.stages.dropLast().map(\.endLayer))
            #expect(three.stages.last?.endLayer == one.stages.first?.endLayer)
            let largest = try #require(three.stages.map(\.memoryBytes).max())
            #expect(largest < one.stages[0].memoryBytes)
            let short = try await report([Programs.model, "--ctx-size", "64", "--parallel", "1"])
            #expect(short.stages[0].memoryBytes < one.stages[0].memoryBytes)
        }

        @Test func `a person reads what the model is`() async throws {
            let text = try await inspect([Programs.model]).output
            for fact in ["squared ReLU", "TQ1_0", "bits a weight", "stage 0", "coordinator", "tokenizer"] {
                #expect(text.contains(fact), "\(fact)")
            }
        }

        @Test func `a file that is no model is refused with a reason`() async throws {
            let process = try ChildProcess("bitnet-ctl", ["inspect", Programs.model + ".absent"])
            #expect(try await process.untilEnd() == .exited(2))
            #expect(process.diagnostics.contains("stories.gguf.absent"))
        }

        @Test func `a second start converts nothing and writes the same text`() async throws {
            let directory = try TemporaryDirectory()
            let arguments = [
                "--local", "--model", Programs.model, "--prompt", "One day", "-n", "12",
                "--store-dir", directory.path(of: "store"),
            ]
            let first = try await CoordinatorRun.finished(arguments)
            let parts = try FileManager.default.contentsOfDirectory(
                atPath: directory.path(of: "store/parts"))
            let second = try await CoordinatorRun.finished(arguments)
            #expect(first.status == 0 && second.status == 0, "\(first) \(second)")
            #expect(first.output == second.output)
            #expect(first.diagnostics.contains("convert  "))
            #expect(!second.diagnostics.contains("convert  "), "\(second.diagnostics)")
            // Every layer, the embedding that is also the head, and the norm.
            #expect(parts.count == 11)
            let third = try await CoordinatorRun.finished(arguments + ["--no-store"])
            #expect(third.output == first.output)
        }

        @Test func `a model that no store has room for runs without`() async throws {
            let directory = try TemporaryDirectory()
            let run = try await CoordinatorRun.finished([
                "--local", "--model", Programs.model, "--prompt", "One day", "-n", "4",
                "--store-dir", directory.path(of: "store"), "--store-quota", "1kB",
            ])
            #expect(run.status == 0)
            #expect(run.diagnostics.contains("the quota is 1000"))
        }
    }
}
