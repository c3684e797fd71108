// SPDX-License-Identifier: MIT
import Foundation
import Testing

extension EndToEnd {
    /// A coordinator that serves: what its users and its operator see.
    @Suite struct Serving {
        private static let prompt =
            #"{"prompt": "Once upon a time", "max_tokens": 24, "temperature": 0, "logprobs": 0}"#

        private func serve(_ cluster: TestCluster, _ arguments: [String] = []) async throws -> ServingRun {
            try await ServingRun(["--shards", cluster.file.write(in: cluster.directory)] + arguments)
        }

        private func text(_ run: ServingRun) async throws -> String {
            let reply = try await run.post("/v1/completions", Self.prompt)
            guard reply.status == 200, let choices = try reply.object()["choices"] as? [[String: Any]],
                let text = choices.first?["text"] as? String
            else { throw TestError("\(reply.status): \(reply.text)\n\(run.process.diagnostics)") }
            return text
        }

        @Test func `a served cluster writes what one process writes, shows itself, and ends with status 0`()
            async throws
        {
            let cluster = try await TestCluster.three()
            let run = try await serve(cluster)
            try await run.untilReady()
            let alone = try await CoordinatorRun.finished([
                "--local", "--model", Programs.model, "--prompt", "Once upon a time", "-n", "24", "--json",
            ])
            #expect(try await text(run) == alone.answers().first?.text)

            let status = try await run.get(run.admin + "/v1/status").object()
            #expect(status["state"] as? String == "serving")
            #expect(status["cluster"] as? String == "tests")
            #expect(status["workers_joined"] as? Int == 3)
            #expect(status["gateway"] as? String == run.gateway + "/v1")
            let stages = try #require(status["stages"] as? [[String: Any]])
            #expect(stages.map { $0["worker"] as? String } == ["w0", "w1", "w2"])
            #expect(stages.map { $0["layers"] as? [Int] } == [[0, 2], [3, 5], [6, 8]])
            let queue = try #require(status["queue"] as? [String: Any])
            #expect(queue["finished_count"] as? Int == 1)

            let plan = try await run.get(run.admin + "/v1/plan").object()
            #expect((plan["stages"] as? [Any])?.count == 3)
            let metrics = try await run.get(run.admin + "/metrics").text
            #expect(metrics.contains("# TYPE bitnet_steps_total counter"))
            #expect(metrics.contains(#"bitnet_worker_up{worker="w1"} 1"#))
            #expect(try await run.get(run.admin + "/health").status == 200)
            #expect(try await run.get(run.gateway + "/health").status == 200)
            #expect(try await run.stop() == .exited(0))
        }

        @Test func `an idle service sends itself a token, and counts none of its own`() async throws {
            let run = try await ServingRun(["--local", "--model", Programs.model])
            try await run.untilReady()
            try await run.until("a step by itself", within: .seconds(30)) {
                let throughput = try await run.get(run.admin + "/v1/status").object()["throughput"]
                return ((throughput as? [String: Any])?["step_count"] as? Int ?? 0) > 0
            }
            try await run.until("health", within: .seconds(10)) {
                try await run.get(run.gateway + "/health").status == 200
            }
            let status = try await run.get(run.admin + "/v1/status").object()
            let throughput = try #require(status["throughput"] as? [String: Any])
            #expect(throughput["generated_token_count"] as? Int == 0)
            #expect(throughput["prompt_token_count"] as? Int == 0)
        }

        @Test func `a draining service refuses, finishes, and takes requests again`() async throws {
            let run = try await ServingRun(["--local", "--model", Programs.model])
            try await run.untilReady()
            let drained = try await run.send("POST", run.admin + "/v1/drain").object()
            #expect(drained["is_draining"] as? Bool == true)
            #expect(try await run.get(run.gateway + "/ready").status == 503)
            #expect(try await run.post("/v1/completions", Self.prompt).status == 503)
            let resumed = try await run.send("DELETE", run.admin + "/v1/drain").object()
            #expect(resumed["is_draining"] as? Bool == false)
            #expect(try await run.post("/v1/completions", Self.prompt).status == 200)
        }

        @Test func `requests that run are finished when the program is told to end`() async throws {
            let run = try await ServingRun(["--local", "--model", Programs.model])
            try await run.untilReady()
            async let reply = run.post(
                "/v1/completions", #"{"prompt": "One day", "max_tokens": 300, "temperature": 0}"#)
            try await run.until("a running request") {
                // The service's own tokens are not counted.
                let throughput = try await run.get(run.admin + "/v1/status").object()["throughput"]
                return ((throughput as? [String: Any])?["prompt_token_count"] as? Int ?? 0) > 0
            }
            #expect(try await run.stop() == .exited(0))
            let finished = try await reply
            #expect(finished.status == 200, "\(finished.text)")
        }

        @Test func `keys are asked for where they were given`() async throws {
            let directory = try TemporaryDirectory()
            let keys = try directory.write("# ours\nsecret-1\n\n  secret-2  \n", to: "api.keys")
            let run = try await ServingRun([
                "--local", "--model", Programs.model, "--api-key-file", keys, "--admin-key-file", keys,
                "--log-level", "trace",
            ])
            try await run.untilReady()
            #expect(try await run.get(run.gateway + "/v1/models").status == 401)
            #expect(try await run.get(run.admin + "/v1/status").status == 401)
            for key in ["secret-1", "secret-2"] {
                let headers = ["Authorization": "Bearer \(key)"]
                #expect(try await run.get(run.gateway + "/v1/models", headers: headers).status == 200)
                #expect(try await run.get(run.admin + "/v1/status", headers: headers).status == 200)
            }
            #expect(!run.process.diagnostics.contains("secret"))
        }

        @Test
        func `a request's id stands in the coordinator's lines and in every worker's, its prompt in none`()
            async throws
        {
            let cluster = try await TestCluster.three(
                options: Array(repeating: ["--log-level", "debug"], count: 3))
            let run = try await serve(cluster, ["--log-level", "debug"])
            try await run.untilReady()
            let reply = try await run.post(
                "/v1/completions", #"{"prompt": "A pelican", "max_tokens": 4}"#,
                headers: ["X-Request-Id": "trace-me-7"])
            #expect(reply.headers["x-request-id"] == "trace-me-7")
            try await run.until("the coordinator's line") {
                run.process.diagnostics.contains("request.id=trace-me-7")
            }
            for worker in cluster.workers {
                try await run.until("\(worker.name)'s line") {
                    worker.process.diagnostics.contains("request.id=trace-me-7")
                }
                #expect(!worker.process.diagnostics.contains("pelican"))
            }
            #expect(!run.process.diagnostics.contains("pelican"))
        }

        @Test func `many huge prompts hold up neither the workers' heartbeats nor other people`() async throws
        {
            let cluster = try await TestCluster.three()
            let run = try await serve(cluster)
            try await run.untilReady()
            let huge = #"{"n": 16, "prompt": ""# + String(repeating: "qzjxkvwb", count: 400_000) + #""}"#
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 { group.addTask { _ = try? await run.post("/v1/completions", huge) } }
                // Longer than a worker waits for its coordinator.
                for _ in 0..<10 {
                    try await Task.sleep(for: .milliseconds(500))
                    _ = try await text(run)
                }
                group.cancelAll()
            }
            let status = try await run.get(run.admin + "/v1/status").object()
            #expect((status["failures"] as? [Any])?.isEmpty == true)
        }

        @Test(arguments: [
            (["--host", "0.0.0.0"], "--api-key-file"), (["--admin", "0.0.0.0:0"], "--admin-key-file"),
        ])
        func `an address that others reach is not served without a key`(
            arguments: [String], remedy: String
        ) async throws {
            let process = try ChildProcess(
                "bitnet-coord", ["--local", "--model", Programs.model, "--port", "0"] + arguments)
            #expect(try await process.untilEnd() == .exited(64))
            #expect(process.diagnostics.contains(remedy))
        }
    }
}
