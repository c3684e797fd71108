// SPDX-License-Identifier: MIT
import Foundation
import Testing

extension EndToEnd {
    /// bitnet-ctl with a coordinator that serves.
    @Suite struct Verify {
        private func ctl(
            _ arguments: [String], input: String = ""
        ) async throws -> (
            ending: ChildProcess.Ending, process: ChildProcess
        ) {
            let process = try ChildProcess("bitnet-ctl", arguments, input: input)
            return (try await process.untilEnd(within: .seconds(180)), process)
        }

        private func object(_ text: String) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }

        @Test func `a cluster writes what one process does, to the last bit, and what hops cost is told`()
            async throws
        {
            let cluster = try await TestCluster.three()
            let run = try await ServingRun(["--shards", cluster.file.write(in: cluster.directory)])
            try await run.untilReady()
            let verify = ["verify", "--model", Programs.model, "--coordinator", run.admin, "-n", "12"]
            let (ending, process) = try await ctl(verify + ["--json"])
            #expect(ending == .exited(0), "\(process.output)\n\(process.diagnostics)")
            let report = try object(process.output)
            #expect(report["cuts"] as? [Int] == [3, 6])
            let rows = try #require(report["rows"] as? [[String: Any]])
            // Six prompts in two ways, and the text.
            #expect(rows.count == 13)
            #expect(rows.allSatisfy { $0["is_identical"] as? Bool == true })
            #expect(rows.filter { $0["mode"] as? String == "sampled" }.count == 6)
            #expect(rows.contains { $0["tokens"] as? Int == 12 })
            let loss = try #require(report["perplexity"] as? [String: Any])
            let measured = try #require(loss["cluster"] as? Double)
            let whole = try #require(loss["one_process"] as? Double)
            #expect(measured != whole)
            #expect(abs(measured / whole - 1) < 0.05)

            // The same figure by the other way to it.
            let files = try TemporaryDirectory()
            let text = try files.write("One day, Lily went to the park.\n\nShe saw a dog.", to: "text.txt")
            let through = try await ctl(["perplexity", text, "--coordinator", run.admin, "--json"])
            let local = try await ctl([
                "perplexity", text, "--model", Programs.model, "--cuts", "1,2,3,4,5,6,7,8", "-c", "1023",
                "--json",
            ])
            let lines = local.process.output.split(separator: "\n").map(String.init)
            try #require(lines.count == 2, "\(local.process.diagnostics)")
            #expect(
                try object(through.process.output)["nll"] as? Double == object(lines[1])["nll"] as? Double)
        }

        @Test func `another cut is found out`() async throws {
            let run = try await ServingRun(["--local", "--model", Programs.model])
            try await run.untilReady()
            let status = try await run.get(run.admin + "/v1/status").text
            let plan = try await run.get(run.admin + "/v1/plan").text
            // A coordinator that says that it rounds before layer 4 only.
            let cut =
                #""stages":[{"address":"","index":0,"layers":[0,3],"memory_bytes":1,"memory_limit_bytes":1,"#
                + #""shipped_bytes":1,"worker":"a"},{"address":"","index":1,"layers":[4,8],"memory_bytes":1,"#
                + #""memory_limit_bytes":1,"shipped_bytes":1,"worker":"b"}]"#
            let altered = plan.replacing(/"stages":\[.*?\}\]/, with: cut)
                .replacing(#""segment_layers":1"#, with: #""segment_layers":0"#)
            try #require(altered.contains(cut) && altered.contains(#""segment_layers":0"#))
            let liar = try FakeServer { request in
                .document(request.line == "GET /v1/plan" ? altered : status)
            }
            let (ending, process) = try await ctl([
                "verify", "--model", Programs.model, "--coordinator", liar.url, "-n", "12",
            ])
            #expect(ending == .exited(1), "\(process.output)\n\(process.diagnostics)")
            #expect(process.output.contains("differ at token"))
            #expect(process.output.contains("DIFFERENT"))
        }

        @Test func `another model is refused before anything is computed`() async throws {
            let run = try await ServingRun(["--local", "--model", Programs.model])
            try await run.untilReady()
            let other = Programs.repository.appending(path: "Tests/Golden/awkward-90.gguf").path
            let (ending, process) = try await ctl(["verify", "--model", other, "--coordinator", run.admin])
            #expect(ending == .exited(2))
            #expect(process.diagnostics.contains("is not the model in \(other)"))
        }

        @Test func `status, events and chat meet a coordinator`() async throws {
            let run = try await ServingRun([
                "--local", "--cuts", "3", "--model", Programs.model, "--chat-template", "bitnet",
            ])
            try await run.untilReady()
            let status = try await ctl(["status", "--coordinator", run.admin])
            #expect([.exited(0), .exited(1)].contains(status.ending), "\(status.process.diagnostics)")
            #expect(status.process.output.contains("blocks 0 [000111111] 8"))
            let chat = try await ctl(
                ["chat", "--coordinator", run.admin, "-n", "8", "--temp", "0"], input: "Hello\nAgain\n")
            #expect(chat.ending == .exited(0), "\(chat.process.diagnostics)")
            #expect(chat.process.diagnostics.components(separatedBy: " tok/s").count == 3)
            let events = try ChildProcess("bitnet-ctl", ["events", "--coordinator", run.admin])
            try await events.until("an event") { events.output.contains("serving") }
            let drain = try await ctl(["drain", "--wait", "--coordinator", run.admin])
            #expect(drain.process.output == "drained: nothing is left\n")
            #expect(try await ctl(["status", "--coordinator", run.admin]).ending == .exited(1))
            #expect(try await ctl(["drain", "--resume", "--coordinator", run.admin]).ending == .exited(0))
            try await events.until("the end of draining") { events.output.contains("draining") }
        }
    }
}
