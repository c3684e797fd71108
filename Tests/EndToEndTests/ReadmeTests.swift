// SPDX-License-Identifier: MIT
import Foundation
import Testing

extension EndToEnd {
    /// What the README shows is what a user gets.
    @Suite struct Readme {
        private struct Transcript {
            let command: String
            let output: String
        }

        /// What stands in the blocks of commands with their output.
        private func transcripts() throws -> [Transcript] {
            let text = try String(
                contentsOf: Programs.repository.appending(path: "README.md"), encoding: .utf8)
            return text.components(separatedBy: "```console\n").dropFirst().flatMap { block in
                let lines = block.components(separatedBy: "\n```")[0]
                return "\n\(lines)".components(separatedBy: "\n$ ").dropFirst().map { entry in
                    let parts = entry.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
                    return Transcript(
                        command: String(parts[0]), output: parts.count > 1 ? String(parts[1]) : "")
                }
            }
        }

        /// Without what differs from run to run.
        private func masked(_ text: String) -> String {
            var text = text.trimmingCharacters(in: .whitespacesAndNewlines)
            text.replace(#/"id":"(cmpl|chatcmpl)-[a-z0-9]+"/#) { #""id":"\#($0.output.1)""# }
            text.replace(#/"created":\d+/#) { _ in #""created":0"# }
            text.replace(#/"seconds_since_last_token":[0-9.e-]+/#) { _ in #""seconds_since_last_token":0"# }
            return text
        }

        @Test func `every transcript comes out as it is written`() async throws {
            let run = try await ServingRun(["--local", "--model", Programs.model])
            try await run.untilReady()
            try await run.until("health") { try await run.get(run.gateway + "/health").status == 200 }
            let transcripts = try transcripts()
            #expect(transcripts.count >= 7)
            for transcript in transcripts {
                try #require(transcript.command.hasPrefix("curl "), "\(transcript.command)")
                let command = transcript.command.replacing("http://127.0.0.1:8080", with: run.gateway)
                let process = Process()
                process.executableURL = URL(filePath: "/bin/sh")
                process.arguments = ["-c", command]
                let pipe = Pipe()
                process.standardOutput = pipe
                try process.run()
                let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                process.waitUntilExit()
                #expect(masked(output) == masked(transcript.output), "\(transcript.command)")
            }
        }
    }
}
