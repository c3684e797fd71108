// SPDX-License-Identifier: MIT
import Glibc
import Testing

extension EndToEnd {
    /// Programs may start in any order.
    @Suite struct Starting {
        @Test func `a coordinator waits for workers that start seconds later`() async throws {
            let directory = try TemporaryDirectory()
            let ports = try (0..<3).map { _ in try LocalSocket.freePort() }
            var file = ClusterFileBuilder()
            file.workers = ports.enumerated().map { .init(name: "w\($0)", address: "127.0.0.1:\($1)") }
            let run = try CoordinatorRun(
                ["--shards", file.write(in: directory)] + EndToEnd.greedy, input: EndToEnd.prompts)
            try await run.process.until("a line about waiting") {
                run.process.diagnostics.contains("waiting: ")
            }
            #expect(run.process.diagnostics.contains("127.0.0.1:\(ports[0])"))
            try await Task.sleep(for: .seconds(3))

            var workers: [RunningWorker] = []
            for (index, port) in ports.enumerated().reversed() {
                workers.append(try await RunningWorker.start("w\(index)", in: directory, port: port))
            }
            let finished = try await run.finish()
            #expect(try await finished.answers() == Reference.shared.greedy())
            #expect(workers.allSatisfy { $0.process.poll() == nil })
        }

        @Test func `a coordinator gives up on a worker that never starts and names it`() async throws {
            let directory = try TemporaryDirectory()
            var file = ClusterFileBuilder()
            file.workers = [.init(name: "absent", address: "127.0.0.1:\(try LocalSocket.freePort())")]
            let run = try await CoordinatorRun.finished(
                ["--shards", file.write(in: directory), "--join-timeout", "1", "--prompt", "One"])
            #expect(run.status == 2)
            #expect(run.errorLine.contains("worker absent (\(file.workers[0].address))"))
            #expect(run.errorLine.contains("bitnet-worker"))
        }

        @Test func `a worker ends in good order when it is told to`() async throws {
            let worker = try await RunningWorker.start("w", in: TemporaryDirectory())
            worker.process.signal(SIGTERM)
            #expect(try await worker.process.untilEnd() == .exited(0))
        }

        @Test func `two workers never share a data directory`() async throws {
            let directory = try TemporaryDirectory()
            let first = try await RunningWorker.start("w", in: directory)
            let second = try ChildProcess(
                "bitnet-worker", ["--listen", "127.0.0.1:0", "--data-dir", first.dataDirectory])
            #expect(try await second.untilEnd() == .exited(2))
            #expect(second.diagnostics.contains("another process"))
            #expect(first.process.poll() == nil)
        }
    }
}
