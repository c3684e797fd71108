// SPDX-License-Identifier: MIT
import Foundation
import Testing

extension EndToEnd {
    /// `bitnet-ctl bench`: what it accepts and that programs can read what it prints.
    @Suite struct Bench {
        @Test(arguments: [
            ["kernels", "--shape", "5b"], ["kernels", "--tokens", "0"], ["kernels", "--tokens", "1,,2"],
            ["kernels", "--threads", "1025"], ["kernels", "--kernels", "dot4"], ["kernels", "--rows", "0"],
            ["model"], ["model", "m.gguf", "--shape", "8b"], ["model", "--shape", "9b"],
            ["model", "m.gguf", "--layers", "2"], ["model", "--shape", "8b", "--layers", "33"],
            ["model", "m.gguf", "--threads", "0"], ["model", "m.gguf", "--context", "0"],
            ["model", "m.gguf", "--prefill-chunk", "2049"], ["model", "m.gguf", "--head", "quick"],
            ["tokenizer"], ["tokenizer", "--model", "m.gguf", "--rounds", "0"],
            ["tokenizer", "--model", "m.gguf", "--prompt-bytes", "0"],
        ])
        func `wrong usage ends with 64`(arguments: [String]) async throws {
            let process = try ChildProcess("bitnet-ctl", ["bench"] + arguments)
            #expect(try await process.untilEnd() == .exited(64))
            #expect(process.diagnostics.hasPrefix("Error: "), "\(process.diagnostics)")
            #expect(process.output.isEmpty)
        }

        @Test func `a file that is not there is named`() async throws {
            let process = try ChildProcess("bitnet-ctl", ["bench", "model", "/absent.gguf"])
            #expect(try await process.untilEnd() == .exited(2))
            #expect(process.diagnostics.contains("/absent.gguf"))
        }

        private struct KernelFigures: Decodable {
            struct Result: Decodable {
                let shape: String
                let rows: Int
                let tokens: Int
                let product: String
                let weightsPerSecond: Double
                let readRatio: Double
            }

            let isa: String
            let kernels: String
            let results: [Result]
        }

        private struct ModelFigures: Decodable {
            let decodeTokensPerSecond: Double
            let prefillTokensPerSecond: Double
            let batch8TokensPerSecond: Double
            let residentBytes: Double
            let synthetic: Bool
            let layers: Int
            let layersMeasured: Int
        }

        private func figures<Figures: Decodable>(
            _ arguments: [String], as _: Figures.Type
        ) async throws -> Figures {
            let process = try ChildProcess("bitnet-ctl", ["bench"] + arguments + ["--json"])
            try #require(try await process.untilEnd() == .exited(0), "\(process.diagnostics)")
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Figures.self, from: Data(process.output.utf8))
        }

        @Test func `kernels print one object for programs`() async throws {
            let found = try await figures(
                [
                    "kernels", "--quick", "--shape", "2b-4t", "--tokens", "1", "--threads", "1", "--rows",
                    "96", "--isa", "scalar", "--kernels", "add-only",
                ], as: KernelFigures.self)
            #expect(found.isa == "scalar" && found.kernels == "add-only")
            #expect(found.results.count == 4)
            #expect(found.results.allSatisfy { $0.shape == "2b-4t" && $0.rows == 96 && $0.tokens == 1 })
            #expect(found.results.allSatisfy { $0.product == "add-only" && $0.weightsPerSecond > 0 })
        }

        @Test func `a file and a shape print the figures that a comparison wants`() async throws {
            let short = ["--seconds", "0", "--context", "64", "--prefill-tokens", "40", "--threads", "2"]
            let file = try await figures(["model", Programs.model] + short, as: ModelFigures.self)
            let shape = try await figures(
                ["model", "--shape", "tiny", "--layers", "1"] + short, as: ModelFigures.self)
            for found in [file, shape] {
                #expect(found.decodeTokensPerSecond > 0 && found.prefillTokensPerSecond > 0)
                #expect(found.batch8TokensPerSecond > 0 && found.residentBytes > 0)
            }
            #expect(!file.synthetic && file.layers == file.layersMeasured)
            #expect(shape.synthetic && shape.layers == 2 && shape.layersMeasured == 1)
        }

        private struct TokenizerFigures: Decodable {
            struct Text: Decodable {
                let bytes: Int
                let tokens: Int
                let megabytesPerSecond: Double
            }

            let vocabularyTokens: Int
            let loadMs: Double
            let texts: [Text]
        }

        @Test func `a tokenizer's figures are of the given text and of two others`() async throws {
            let text = Programs.repository.appending(path: "cluster/model/held-out.txt").path
            let found = try await figures(
                ["tokenizer", "--model", Programs.model, "--file", text, "--rounds", "1"],
                as: TokenizerFigures.self)
            #expect(found.vocabularyTokens > 256 && found.loadMs > 0 && found.texts.count == 3)
            #expect(found.texts.allSatisfy { $0.bytes > $0.tokens && $0.megabytesPerSecond > 0 })
        }

        @Test func `tables for people name the machine, the kernels and where the time goes`() async throws {
            let process = try ChildProcess(
                "bitnet-ctl",
                [
                    "bench", "model", "--shape", "tiny", "--seconds", "0", "--context", "32",
                    "--prefill-tokens", "8", "--kernels", "dot8",
                ])
            #expect(try await process.untilEnd() == .exited(0))
            let expected = ["dot product always", "synthetic", "decode of 8", "fast head", "gate, up"]
            for words in expected {
                #expect(process.output.contains(words), "\(words): \(process.output)")
            }
        }
    }
}
