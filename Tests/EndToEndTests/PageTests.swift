// SPDX-License-Identifier: MIT
import Foundation
import Testing

extension EndToEnd {
    /// What the pages show is what a user gets.
    @Suite struct Pages {
        private struct Transcript {
            let command: String
            let output: String
        }

        private static let docs = Programs.repository.appending(path: "cluster/docs")

        private static func text(_ page: URL) throws -> String {
            try String(contentsOf: page, encoding: .utf8)
        }

        /// The README and the operator's pages.
        private func pages() throws -> [URL] {
            let readme = Programs.repository.appending(path: "README.md")
            return try [readme]
                + FileManager.default.contentsOfDirectory(at: Self.docs, includingPropertiesForKeys: nil)
        }

        /// What stands in the blocks of commands with their output.
        private func transcripts() throws -> [Transcript] {
            try pages().flatMap { try transcripts(in: Self.text($0)) }
        }

        private func transcripts(in text: String) -> [Transcript] {
            text.components(separatedBy: "```console\n").dropFirst().flatMap { block in
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

        @Test(arguments: ["bitnet-coord", "bitnet-worker"])
        func `the page of options has all that a program takes, and no other`(program: String) async throws {
            let process = try ChildProcess(program, ["--help"])
            #expect(try await process.untilEnd() == .exited(0))
            let page = try Self.text(Self.docs.appending(path: "configuration.md"))
            let sections = page.components(separatedBy: "\n## ")
            let section = try #require(sections.first { $0.hasPrefix("Options of \(program)") })
            func options(in text: String) -> Set<String> {
                Set(text.matches(of: #/(?:^|[^\w-])(--[a-z][a-z0-9-]*)/#).map { String($0.output.1) })
            }
            let own: Set = ["--help", "--version"]
            #expect(options(in: process.output).subtracting(own) == options(in: section))
        }

        /// They are read, so that what is missed next is the model beside them.
        @Test func `cluster files on the pages are taken`() async throws {
            let examples = try pages().flatMap { page in
                try Self.text(page).components(separatedBy: "```yaml\n").dropFirst()
                    .map { $0.components(separatedBy: "```")[0] }
            }
            #expect(examples.count == 4)
            let directory = try TemporaryDirectory()
            let file = directory.path(of: "workers.yaml")
            for example in examples {
                try example.write(toFile: file, atomically: true, encoding: .utf8)
                let run = try await CoordinatorRun.finished(["--shards", file, "--prompt", "One"])
                #expect(
                    run.errorLine.hasPrefix("error: cannot open \(directory.path(of: "stories.gguf"))"),
                    "\(run)")
            }
        }
    }
}
