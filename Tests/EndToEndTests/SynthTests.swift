// SPDX-License-Identifier: MIT
import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// `bitnet-ctl synth`: what it accepts, what it prints, and that its models run.
    @Suite struct Synth {
        private static let small = [
            "tiny", "--hidden", "256", "--ffn", "256", "--heads", "4", "--layers", "1",
        ]

        private struct Report: Decodable {
            struct File: Decodable {
                let path: String
                let bytes: Int
                let sha256: String
            }

            let model: String
            let type: String
            let seed: Int
            let path: String
            let bytes: Int
            let parameters: Int
            let gigabytesPerSecond: Double
            let files: [File]
        }

        private func report(_ arguments: [String]) async throws -> Report {
            let process = try ChildProcess("bitnet-ctl", ["synth"] + arguments + ["--json", "--sha256"])
            try #require(try await process.untilEnd() == .exited(0), "\(process.diagnostics)")
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Report.self, from: Data(process.output.utf8))
        }

        @Test(arguments: [
            ["--out", "a"], ["9b", "--out", "a"], ["8b"], ["8b", "--out", "a", "--type", "q4_0"],
            ["8b", "--out", "a", "--i2s-layout", "d"], ["8b", "--out", "a", "--embedding", "q8_0"],
            ["8b", "--out", "a", "--split", "0"], ["8b", "--out", "a/"],
            ["8b", "--out", "a", "--threads", "0"],
            ["8b", "--out", "a", "--tied", "--untied"],
        ])
        func `wrong usage ends with 64`(arguments: [String]) async throws {
            let process = try ChildProcess("bitnet-ctl", ["synth"] + arguments)
            #expect(try await process.untilEnd() == .exited(64))
            #expect(process.diagnostics.hasPrefix("Error: "), "\(process.diagnostics)")
        }

        @Test func `a shape that a type cannot hold is refused`() async throws {
            let directory = try TemporaryDirectory()
            let process = try ChildProcess(
                "bitnet-ctl", ["synth", "3b", "--type", "tq1_0", "--out", directory.path(of: "a.gguf")])
            #expect(try await process.untilEnd() == .exited(2))
            #expect(process.diagnostics.contains("tq1_0 wants rows of a multiple of 256 weights"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path(of: "")).isEmpty)
        }

        @Test func `a model is written, reported and run`() async throws {
            let directory = try TemporaryDirectory()
            let path = directory.path(of: "a.gguf")
            let first = try await report(Self.small + ["--seed", "5", "--out", path])
            #expect(
                first.model == "synthetic tiny, random weights" && first.type == "tq2_0" && first.seed == 5)
            #expect(first.path == path && first.files.map(\.path) == [path])
            #expect(first.bytes == first.files[0].bytes && first.parameters > 500_000)
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.size] as? Int == first.bytes)
            #expect(first.gigabytesPerSecond > 0)

            let again = try ChildProcess("bitnet-ctl", ["synth"] + Self.small + ["--out", path])
            #expect(try await again.untilEnd() == .exited(2))
            #expect(again.diagnostics.contains("--force"))
            let second = try await report(
                Self.small + ["--seed", "5", "--force", "--threads", "1", "--out", path])
            #expect(second.files[0].sha256 == first.files[0].sha256)

            let run = try ChildProcess(
                "bitnet-coord",
                ["--local", "--model", path, "--prompt", "the cat", "-n", "4", "--ignore-eos"])
            #expect(try await run.untilEnd() == .exited(0), "\(run.diagnostics)")
            #expect(run.diagnostics.contains("4 tokens"))
        }

        @Test func `a directory is written whole`() async throws {
            let directory = try TemporaryDirectory()
            let path = directory.path(of: "checkpoint")
            let found = try await report(
                Self.small + ["--type", "packed", "--split", "2", "--out", path + "/"])
            #expect(found.path == path && found.files.count == 7)
            #expect(found.bytes == found.files.map(\.bytes).reduce(0, +))
            let names = try FileManager.default.contentsOfDirectory(atPath: path)
            #expect(Set(names.map { "\(path)/\($0)" }) == Set(found.files.map(\.path)))
        }

        @Test func `who interrupts it finds nothing half-written`() async throws {
            let directory = try TemporaryDirectory()
            let process = try ChildProcess(
                "bitnet-ctl", ["synth", "2b-4t", "--threads", "1", "--out", directory.path(of: "a.gguf")])
            let partial = directory.path(of: "a.gguf.partial")
            try await process.until("some of the file") { FileManager.default.fileExists(atPath: partial) }
            process.signal(SIGINT)
            #expect(try await process.untilEnd() == .exited(130))
            #expect(process.diagnostics.contains("stopped before the end"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path(of: "")).isEmpty)
        }
    }
}
