// SPDX-License-Identifier: MIT
import Glibc
import Testing

extension EndToEnd {
    /// A worker that dies or stalls ends the run soon, with a message that helps; the others go on serving.
    @Suite struct WorkerLoss {
        /// Three workers, the last at the end of a slow link, so that generating takes seconds.
        private func slowCluster() async throws -> (TestCluster, Proxy) {
            let cluster = try await TestCluster.three()
            let proxy = try Proxy(to: cluster.workers[2].port, Proxy.Shape(delay: .milliseconds(5)))
            cluster.file.workers[2].address = proxy.address
            return (cluster, proxy)
        }

        /// Sends `signal` to worker `index` while text is written, and expects the run to fail within five seconds.
        private func lose(_ index: Int, of cluster: TestCluster, by signal: Int32) async throws {
            let run = try cluster.start(EndToEnd.long)
            try await run.untilGenerating(prompt: "One day")
            let start = ContinuousClock.now
            cluster.workers[index].process.signal(signal)
            let finished = try await run.finish()
            #expect(start.duration(to: .now) < .seconds(5))
            #expect(finished.status == 2)
            let layers = ["0-2", "3-5", "6-8"][index]
            let address = cluster.file.workers[index].address
            #expect(
                finished.errorLine.contains(
                    "worker w\(index) (stage \(index), layers \(layers), \(address))"),
                "\(finished.errorLine)")
            #expect(finished.errorLine.contains("Restart bitnet-worker there"), "\(finished.errorLine)")
        }

        private func expectExactText(_ cluster: TestCluster) async throws {
            let run = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
            #expect(try await run.answers() == Reference.shared.greedy())
            #expect(run.shippedByteCount == 0)
        }

        @Test(arguments: [0, 1, 2])
        func `a worker killed while text is written ends the run, and serves again once restarted`(
            index: Int
        )
            async throws
        {
            let (cluster, proxy) = try await slowCluster()
            defer { proxy.close() }
            try await lose(index, of: cluster, by: SIGKILL)
            try await cluster.restart(index)
            try await expectExactText(cluster)
        }

        @Test
        func `a worker that stalls while text is written ends the run, and serves again once continued`()
            async throws
        {
            let (cluster, proxy) = try await slowCluster()
            defer { proxy.close() }
            try await lose(1, of: cluster, by: SIGSTOP)
            cluster.workers[1].process.signal(SIGCONT)
            try await expectExactText(cluster)
        }
    }
}
