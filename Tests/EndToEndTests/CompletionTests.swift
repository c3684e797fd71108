// SPDX-License-Identifier: MIT
import Testing

extension EndToEnd {
    /// What shells complete.
    @Suite struct Completions {
        @Test(arguments: ["bitnet-coord", "bitnet-worker", "bitnet-ctl"])
        func `every program writes its completions for every shell`(program: String) async throws {
            for shell in ["bash", "zsh", "fish"] {
                let process = try ChildProcess(program, ["--generate-completion-script", shell])
                #expect(try await process.untilEnd() == .exited(0))
                #expect(process.output.contains(program))
                #expect(process.output.contains("threads"))
            }
        }
    }
}
