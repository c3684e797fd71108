// SPDX-License-Identifier: MIT
import Testing

extension EndToEnd {
    /// Prompts that begin alike: computed once, and nothing changes by it.
    @Suite struct Prefix {
        private static let beginning =
            "Once upon a time there was a little girl named Lily who liked to play outside"
        private static let prompts = [
            "\(beginning). One day", "\(beginning). She saw a", "\(beginning). One day", "The end",
        ]

        @Test(arguments: ["f32", "f16", "int8"])
        func `what was computed before is taken over, bit by bit`(cacheType: String) async throws {
            let cluster = try await TestCluster.three()
            let options = EndToEnd.greedy + ["--cache-type", cacheType]
            let together = try await cluster.run(options, input: Self.prompts.joined(separator: "\n") + "\n")
            let answers = try together.answers()
            for (prompt, answer) in zip(Self.prompts, answers) {
                let alone = try await cluster.run(options, input: prompt + "\n")
                #expect(try alone.answers() == [answer])
                #expect(!alone.diagnostics.contains("computed before"))
            }
            let shared = together.diagnostics.matches(of: /(\d+) of them computed before/)
                .compactMap { Int($0.1) }
            #expect(shared.count == 2)
            #expect(shared.allSatisfy { $0 >= 16 })
        }
    }
}
