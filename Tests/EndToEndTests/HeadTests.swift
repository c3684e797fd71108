// SPDX-License-Identifier: MIT
import Testing

extension EndToEnd {
    /// The fast head, the exact head and the head that works out log-probabilities write the same text.
    @Suite struct Heads {
        @Test(arguments: [[], EndToEnd.draws])
        func `every head writes the same, on three workers and in one process`(
            _ options: [String]
        ) async throws {
            let arguments = EndToEnd.plain + options
            let reference = try await Reference.shared.answers(arguments + ["--logprobs"], EndToEnd.prompts)
            #expect(reference.allSatisfy { $0.tokens.allSatisfy { $0.logprob != nil } })
            let cluster = try await TestCluster.three()
            for head in [[], ["--head", "fast"], ["--head", "exact"]] {
                let run = try await cluster.run(arguments + head, input: EndToEnd.prompts)
                let local = try await Reference.shared.answers(arguments + head, EndToEnd.prompts)
                for answers in [try run.answers(), local] {
                    #expect(answers.map(\.text) == reference.map(\.text))
                    #expect(answers.map { $0.tokens.map(\.id) } == reference.map { $0.tokens.map(\.id) })
                    #expect(answers.allSatisfy { $0.tokens.allSatisfy { $0.logprob == nil } })
                }
            }
        }

        @Test func `the fast head's copy is counted where the head is`() async throws {
            let cluster = try await TestCluster.three()
            var resident: [String: [String]] = [:]
            for head in ["fast", "exact"] {
                let run = try await cluster.run(["--prompt", "Once", "-n", "1", "--head", head])
                resident[head] = run.diagnostics.split(separator: "\n").filter { $0.hasPrefix("ready ") }
                    .map { line in
                        line.split(separator: ",").dropFirst().first.map(String.init) ?? "nothing"
                    }.sorted()
            }
            let fast = try #require(resident["fast"])
            let exact = try #require(resident["exact"])
            #expect(fast.count == 3 && exact.count == 3)
            #expect(zip(fast, exact).count { $0 != $1 } == 1, "\(resident)")
        }

        @Test func `a head that does not exist is refused`() async throws {
            let run = try await CoordinatorRun.finished(
                ["--local", "--model", Programs.model, "--head", "quick", "--prompt", "One"], input: "")
            #expect(run.status == 64)
        }
    }
}
