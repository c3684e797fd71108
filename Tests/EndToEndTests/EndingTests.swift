// SPDX-License-Identifier: MIT
import Glibc
import Testing

extension EndToEnd {
    /// A program that serves and is told to end does so, whatever it waits for.
    @Suite struct Ending {
        /// What a coordinator waits for when it is told to end.
        enum Wait: CaseIterable {
            case workerThatIsNotThere, workerThatSaysNothing, workerThatStandsStill, prompt
        }

        private static let drainTimeout = ["--drain-timeout", "1"]
        /// What is promised beyond that is two seconds; the rest is for a machine that does other things meanwhile.
        private static let patience: Duration = .seconds(15)

        @Test(arguments: Wait.allCases)
        func `a coordinator ends when it is told to`(_ wait: Wait) async throws {
            switch wait {
            case .workerThatIsNotThere:
                try await expectEnd(of: "127.0.0.1:\(LocalSocket.freePort())", once: "cannot be reached")
            case .workerThatSaysNothing:
                let (listener, port) = try LocalSocket.listen()
                defer { close(listener) }
                try await expectEnd(of: "127.0.0.1:\(port)")
            case .workerThatStandsStill:
                let worker = try await RunningWorker.start("w", in: TemporaryDirectory())
                worker.process.signal(SIGSTOP)
                defer { worker.process.signal(SIGCONT) }
                try await expectEnd(of: worker.address)
            case .prompt:
                let run = try await ServingRun(
                    ["--local", "--model", Programs.model, "--no-store"] + Self.drainTimeout)
                try await expectEnd(of: run, beside: "a request that runs")
            }
        }

        private func expectEnd(of address: String, once word: String = "") async throws {
            let directory = try TemporaryDirectory()
            var file = ClusterFileBuilder()
            file.workers = [.init(name: "w", address: address)]
            let run = try await ServingRun(["--shards", file.write(in: directory)] + Self.drainTimeout)
            try await run.process.until("a word of it") { run.process.diagnostics.contains(word) }
            run.process.signal(SIGTERM)
            #expect(try await run.process.untilEnd(within: Self.patience) == .exited(0))
        }

        private func expectEnd(of run: ServingRun, beside what: String) async throws {
            try await run.untilReady()
            let request = try await longRequest(of: run)
            run.process.signal(SIGTERM)
            #expect(try await run.process.untilEnd(within: Self.patience) == .exited(0))
            // It may have come to its end within the time that it was given.
            _ = try? await request.value
        }

        @Test func `a second signal ends it at once`() async throws {
            let run = try await ServingRun(
                [
                    "--local", "--model", Programs.model, "--no-store", "--drain-timeout", "3600",
                ])
            try await run.untilReady()
            let request = try await longRequest(of: run)
            run.process.signal(SIGTERM)
            try await run.until("its answer that it ends") {
                // Connections that rest are closed now.
                (try? await run.get(run.gateway + "/ready").status) == 503
            }
            run.process.signal(SIGTERM)
            #expect(try await run.process.untilEnd(within: Self.patience) == .killed(signal: SIGTERM))
            await #expect(throws: (any Error).self) { _ = try await request.value }
        }

        /// One that would take minutes, and runs.
        private func longRequest(of run: ServingRun) async throws -> Task<Int, any Error> {
            let body = #"{"prompt":"One day","n":128,"max_tokens":3000,"ignore_eos":true}"#
            let request = Task { try await run.post("/v1/completions", body).status }
            try await run.until("a request that runs") {
                let status = try await run.get(run.admin + "/v1/status").object()
                return ((status["queue"] as? [String: Any])?["running"] as? Int ?? 0) > 0
            }
            return request
        }

        @Test func `a worker ends when it is told to, also while it serves`() async throws {
            let directory = try TemporaryDirectory()
            let worker = try await RunningWorker.start("w", in: directory)
            var file = ClusterFileBuilder()
            file.workers = [.init(name: "w", address: worker.address)]
            let run = try CoordinatorRun(["--shards", file.write(in: directory)] + EndToEnd.long)
            try await run.untilGenerating(prompt: "One day")
            worker.process.signal(SIGTERM)
            #expect(try await worker.process.untilEnd(within: Self.patience) == .exited(0))
            #expect(try await run.finish().status == 2)
        }
    }
}
