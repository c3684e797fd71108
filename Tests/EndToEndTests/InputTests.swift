// SPDX-License-Identifier: MIT
import Foundation
import Testing

extension EndToEnd {
    /// What users write: cluster files, model files, prompts.
    @Suite struct Input {
        private func run(_ file: ClusterFileBuilder, _ arguments: [String] = []) async throws -> FinishedRun {
            let directory = try TemporaryDirectory()
            return try await CoordinatorRun.finished(
                ["--shards", file.write(in: directory), "--join-timeout", "1", "--prompt", "One"] + arguments)
        }

        private var fileWithOneWorker: ClusterFileBuilder {
            ClusterFileBuilder(workers: [.init(name: "w0", address: "127.0.0.1:9")])
        }

        @Test func `an unknown key is named with its line and the nearest known key`() async throws {
            var file = fileWithOneWorker
            file.extraLines = ["modle: other.gguf"]
            let run = try await run(file)
            #expect(run.status == 2)
            #expect(run.errorLine.contains(".yaml:3: "), "\(run)")
            #expect(run.errorLine.contains("“modle”") && run.errorLine.contains("“model”"), "\(run)")
        }

        @Test func `a cluster file that is missing, empty or no YAML is an error`() async throws {
            let directory = try TemporaryDirectory()
            let paths = [
                directory.path(of: "absent.yaml"), try directory.write("", to: "empty.yaml"),
                try directory.write("workers: [", to: "broken.yaml"),
            ]
            for path in paths {
                let run = try await CoordinatorRun.finished(["--shards", path, "--prompt", "One"])
                #expect(run.status == 2)
                #expect(run.errorLine.contains(path), "\(run)")
            }
        }

        @Test func `a model that is missing, no model or cut short is an error that names the file`()
            async throws
        {
            let directory = try TemporaryDirectory()
            let whole = try Data(contentsOf: URL(filePath: Programs.model))
            let garbage = directory.path(of: "garbage.gguf")
            let truncated = directory.path(of: "truncated.gguf")
            try Data((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 31) }).write(to: URL(filePath: garbage))
            try whole.prefix(whole.count - 4096).write(to: URL(filePath: truncated))
            for path in [directory.path(of: "absent.gguf"), garbage, truncated] {
                var file = fileWithOneWorker
                file.model = path
                for run in [
                    try await run(file),
                    try await CoordinatorRun.finished(["--local", "--model", path, "--prompt", "One"]),
                ] {
                    #expect(run.status == 2)
                    #expect(run.errorLine.contains(path), "\(run)")
                    #expect(run.output.isEmpty)
                }
            }
        }

        @Test func `a prompt longer than the context is refused with both numbers`() async throws {
            let run = try await CoordinatorRun.finished([
                "--local", "--model", Programs.model, "--ctx-size", "8", "--prompt",
                "Once upon a time there was a little fox who lived in a big forest with many friends.",
            ])
            #expect(run.status == 2)
            #expect(run.errorLine.contains("the context holds 8"), "\(run)")
            #expect(run.errorLine.contains("--ctx-size"), "\(run)")
        }

        @Test func `generation ends where the context is full`() async throws {
            let run = try await CoordinatorRun.finished([
                "--local", "--model", Programs.model, "--ctx-size", "32", "-n", "100", "--ignore-eos",
                "--json",
                "--prompt", "One day",
            ])
            let answer = try #require(try run.answers().first)
            #expect(answer.finishReason == "context")
            #expect(answer.tokens.count < 32)
        }

        @Test func `each line is a prompt, an empty one too`() async throws {
            let run = try await CoordinatorRun.finished(
                ["--local", "--model", Programs.model, "-n", "3", "--ignore-eos", "--json"],
                input: "One\n\nTwo")
            let answers = try run.answers()
            #expect(answers.map(\.prompt) == ["One", "", "Two"])
            #expect(answers.allSatisfy { $0.tokens.count == 3 })
        }

        @Test func `a dash reads the whole of standard input as one prompt`() async throws {
            let run = try await CoordinatorRun.finished(
                ["--local", "--model", Programs.model, "-n", "2", "--json", "--prompt", "-"],
                input: "One day\na fox")
            #expect(try run.answers().map(\.prompt) == ["One day\na fox"])
        }

        @Test func `cuts that do not divide the model are refused`() async throws {
            for cuts in ["0", "9", "6,3", "3,3", "three"] {
                let run = try await CoordinatorRun.finished([
                    "--local", "--model", Programs.model, "--cuts", cuts, "--prompt", "One",
                ])
                #expect(run.status == 2 || run.status == 64, "\(cuts)")
                #expect(run.errorLine.contains("cut"), "\(run)")
            }
        }
    }
}
