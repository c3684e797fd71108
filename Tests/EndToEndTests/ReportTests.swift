// SPDX-License-Identifier: MIT
import Testing

extension EndToEnd {
    /// What the programs say of themselves.
    @Suite struct Report {
        @Test func `a long prompt keeps every stage at work and the closing table shows it`() async throws {
            let cluster = try await TestCluster.three()
            // Two letters and a space are one token or more.
            let prompt = String(repeating: "One day the little fox went to the forest. ", count: 80)
            let run = try await cluster.run(
                ["--json", "-n", "2", "--ignore-eos", "--prefill-chunk", "64", "--prompt", prompt])
            #expect(run.status == 0, "\(run)")
            let tokens = try #require(
                run.diagnostics.firstMatch(of: /\((\d+) prompt tokens/).flatMap { Int($0.1) })
            try #require(tokens >= 700 && tokens <= 1000, "the prompt has \(tokens) tokens")
            #expect(run.stageRows.count == 3)
            for (index, row) in run.stageRows.enumerated() {
                #expect(row.contains("stage \(index)  w\(index)"), "\(row)")
                let steps = try #require(row.firstMatch(of: /in (\d+) steps/).flatMap { Int($0.1) }, "\(row)")
                // One step a chunk, and one more for the second token.
                #expect(steps == (tokens + 63) / 64 + 1, "\(row)")
                let busy = try #require(row.firstMatch(of: /busy (\d+) % \(prefill (\d+) %\)/), "\(row)")
                #expect((1...100).contains(try #require(Int(busy.1))), "\(row)")
                #expect((1...100).contains(try #require(Int(busy.2))), "\(row)")
                #expect(row.firstMatch(of: /received .+ \(\d+ B a step\)/) != nil, "\(row)")
            }
        }

        @Test func `everything but the text is on standard error`() async throws {
            let cluster = try await TestCluster(count: 2)
            let options = ["-n", "8", "--ignore-eos", "--prompt", "One day"]
            let text = try await cluster.run(options)
            let json = try await cluster.run(options + ["--json"])
            let answer = try #require(try json.answers().first)
            #expect(text.output == "One day" + answer.text + "\n")
            for line in ["joined w0", "ship w0", "shipped ", "ready w1", "time to first token "] {
                #expect(text.diagnostics.contains(line), "\(line): \(text)")
            }
        }
    }
}
