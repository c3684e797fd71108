// SPDX-License-Identifier: MIT
import Glibc
import Testing

extension EndToEnd {
    /// Workers belong to one coordinator at a time, and to the next as soon as it is gone.
    @Suite struct CoordinatorLoss {
        private func slowCluster() async throws -> (TestCluster, Proxy) {
            let cluster = try await TestCluster(count: 2)
            let proxy = try Proxy(to: cluster.workers[1].port, Proxy.Shape(delay: .milliseconds(5)))
            cluster.file.workers[1].address = proxy.address
            return (cluster, proxy)
        }

        /// Runs coordinators until one is let in.
        private func expectNextCoordinator(of cluster: TestCluster, within limit: Duration) async throws {
            let start = ContinuousClock.now
            while true {
                let begin = ContinuousClock.now
                let run = try await cluster.run(["--json", "-n", "4", "--prompt", "One"])
                if run.status == 0 { return }
                try #require(run.errorLine.contains("is serving"), "\(run)")
                try #require(start.duration(to: begin) < limit, "still refused: \(run.errorLine)")
            }
        }

        @Test func `workers of a coordinator that was killed serve the next one`() async throws {
            let (cluster, proxy) = try await slowCluster()
            defer { proxy.close() }
            let first = try cluster.start(EndToEnd.long)
            try await first.untilGenerating(prompt: "One day")
            first.process.signal(SIGKILL)
            try await expectNextCoordinator(of: cluster, within: .seconds(5))
        }

        @Test func `workers of a coordinator that stalls serve the next one`() async throws {
            let (cluster, proxy) = try await slowCluster()
            defer { proxy.close() }
            let first = try cluster.start(EndToEnd.long)
            try await first.untilGenerating(prompt: "One day")
            first.process.signal(SIGSTOP)
            try await expectNextCoordinator(of: cluster, within: .seconds(5))
            first.process.signal(SIGCONT)
            #expect(try await first.finish().status == 2)
        }

        @Test func `workers of a coordinator that is told to end serve the next one at once`() async throws {
            let (cluster, proxy) = try await slowCluster()
            defer { proxy.close() }
            let first = try cluster.start(EndToEnd.long)
            try await first.untilGenerating(prompt: "One day")
            first.process.signal(SIGTERM)
            #expect(try await first.finish(within: .seconds(10)).status == 130)
            let next = try await cluster.run(["--json", "-n", "4", "--prompt", "One"])
            #expect(next.status == 0, "\(next)")
        }

        @Test func `a coordinator that waits for a prompt keeps its workers and ends when it is told to`()
            async throws
        {
            let cluster = try await TestCluster(count: 1)
            let waiting = try cluster.start(["-n", "4"], input: nil)
            try await waiting.process.until("a loaded stage") {
                waiting.process.diagnostics.contains("shipped ")
            }
            // Longer than a worker goes without a heartbeat.
            try await Task.sleep(for: .seconds(4))
            #expect(try await cluster.run(["--prompt", "One"]).errorLine.contains("is serving"))
            waiting.process.signal(SIGINT)
            let finished = try await waiting.finish(within: .seconds(10))
            #expect(finished.status == 130)
            #expect(finished.diagnostics.hasSuffix("stopped before the end\n"), "\(finished)")
            #expect(try await cluster.run(["--prompt", "One", "-n", "2"]).status == 0)
        }

        @Test func `a second coordinator is refused while the first writes, and told who holds the worker`()
            async throws
        {
            let (cluster, proxy) = try await slowCluster()
            defer { proxy.close() }
            let first = try cluster.start(EndToEnd.long)
            try await first.untilGenerating(prompt: "One day")
            let second = try await cluster.run(["--prompt", "One"])
            #expect(second.status == 2)
            #expect(second.errorLine.contains("is serving coordinator of tests at 127.0.0.1:"), "\(second)")
            #expect(second.errorLine.contains("stop that coordinator first"), "\(second)")
            #expect(second.errorLine.contains("--take-over"), "\(second)")
            #expect(first.process.poll() == nil)
            let output = first.process.output
            try await first.process.until("more text") { first.process.output.count > output.count }
        }

        @Test func `a coordinator that takes over has the workers at once, and the first one ends`()
            async throws
        {
            let cluster = try await TestCluster.three()
            let first = try await ServingRun(["--shards", cluster.file.write(in: cluster.directory)])
            try await first.untilReady()
            async let running = first.post(
                "/v1/completions", #"{"prompt": "One day", "max_tokens": 4000, "ignore_eos": true}"#)
            try await first.until("a request that runs") {
                try await first.get(first.admin + "/v1/status").text.contains("\"running\":1")
            }
            let second = try await ServingRun([
                "--take-over", "--shards", cluster.file.write(in: cluster.directory),
            ])
            try await second.untilReady()
            #expect(try await first.process.untilEnd() == .exited(2))
            #expect(
                first.process.diagnostics.contains("has taken over worker w"), "\(first.process.diagnostics)")
            let ended = try? await running
            #expect(ended?.status != 200)
            let answer = try await second.post("/v1/completions", #"{"prompt": "One day", "max_tokens": 4}"#)
            #expect(answer.status == 200)
            // They had the weights in memory.
            for worker in cluster.workers {
                #expect(worker.process.diagnostics.contains("kept in memory"))
            }
        }
    }
}
