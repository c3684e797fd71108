// SPDX-License-Identifier: MIT
import Foundation
import Testing

extension EndToEnd {
    /// The log-probabilities that the API tells, against an independent float32 reference (Tests/Checks/Reference).
    @Suite struct GoldenEcho {
        private struct Golden: Decodable {
            struct Tight: Decodable {
                struct Position: Decodable {
                    let topLog: [Double]
                }

                let ids: [Int]
                let positions: [Position]
            }

            struct Long: Decodable {
                let ids: [Int]
                let nextLog: [Double]
            }

            let tight: [Tight]
            let long: Long

            static func read() throws -> Golden {
                let path = Programs.repository.appending(path: "Tests/Golden/stories.json")
                let decoder = JSONDecoder()
                decoder.keyDecodingStrategy = .convertFromSnakeCase
                return try decoder.decode(Golden.self, from: Data(contentsOf: path))
            }
        }

        private struct Echo: Decodable {
            struct Choice: Decodable {
                struct LogProbabilities: Decodable {
                    let tokenLogprobs: [Double?]
                    let topLogprobs: [[String: Double]?]?
                }

                let logprobs: LogProbabilities
            }

            let choices: [Choice]
        }

        private func echo(
            _ ids: [Int], alternatives: Int, of run: ServingRun
        ) async throws -> Echo.Choice.LogProbabilities {
            let reply = try await run.post(
                "/v1/completions",
                #"{"prompt": \#(ids), "echo": true, "max_tokens": 0, "logprobs": \#(alternatives)}"#)
            #expect(reply.status == 200, "\(reply.text)")
            return try #require(try reply.decoded(Echo.self).choices.first).logprobs
        }

        @Test func `tight prompts are scored as the reference scores them, to 1e-4`() async throws {
            let run = try await ServingRun([
                "--local", "--cuts", "none", "--model", Programs.model, "--cache-type", "f32",
            ])
            try await run.untilReady()
            var comparedCount = 0
            for prompt in try Golden.read().tight {
                let told = try await echo(prompt.ids, alternatives: 10, of: run)
                #expect(told.tokenLogprobs.count == prompt.ids.count)
                // What stands first has nothing before it.
                for (position, top) in zip(prompt.positions, (told.topLogprobs ?? []).dropFirst()) {
                    let values = try #require(top).values.sorted(by: >)
                    for (value, expected) in zip(values, position.topLog) where values.count >= 10 {
                        #expect(abs(value - expected) < 1e-4)
                        comparedCount += 1
                    }
                }
            }
            #expect(comparedCount >= 100)
        }

        @Test func `a long text through three workers is scored within 0.02 on average`() async throws {
            let cluster = try await TestCluster.three()
            let run = try await ServingRun([
                "--shards", cluster.file.write(in: cluster.directory), "--cache-type", "f32",
            ])
            try await run.untilReady()
            let long = try Golden.read().long
            let told = try await echo(long.ids, alternatives: 0, of: run).tokenLogprobs.dropFirst().compactMap
            { $0 }
            try #require(told.count == long.ids.count - 1)
            let differences = zip(told, long.nextLog).map { abs($0 - $1) }
            #expect(differences.count >= 200)
            #expect(differences.reduce(0, +) / Double(differences.count) < 0.02)
        }
    }
}
