// SPDX-License-Identifier: MIT
import Testing

extension EndToEnd {
    /// Who may use a worker.
    @Suite struct Admission {
        private static let key = "0123456789abcdef0123456789abcdef0123456789abcdef\n"

        private func refusal(worker options: [String], key: String?) async throws -> String {
            let cluster = try await TestCluster(options: [options])
            if let key { cluster.file.keyFile = try cluster.directory.write(key, to: "coordinator.key") }
            let run = try await cluster.run(["--prompt", "One"])
            #expect(run.status == 2, "\(run)")
            #expect(run.output.isEmpty)
            return run.errorLine
        }

        private func keyOption(_ text: String, in directory: TemporaryDirectory) throws -> [String] {
            ["--key-file", try directory.write(text, to: "worker.key")]
        }

        @Test func `a worker of another cluster is refused with both names`() async throws {
            let message = try await refusal(worker: ["--cluster", "elsewhere"], key: nil)
            #expect(message.contains("elsewhere"), "\(message)")
            #expect(message.contains("tests"), "\(message)")
        }

        @Test func `two keys that differ are refused on both sides`() async throws {
            let directory = try TemporaryDirectory()
            let other = String(Self.key.reversed().drop { $0 == "\n" }) + "\n"
            let message = try await refusal(worker: keyOption(other, in: directory), key: Self.key)
            #expect(message.contains("worker w0 (127.0.0.1:"), "\(message)")
            #expect(message.contains("coordinator 'coordinator of tests'"), "\(message)")
            #expect(message.contains("same key file"), "\(message)")
        }

        @Test(arguments: [true, false])
        func `a key on one side only is refused and the message says on which`(isOnWorker: Bool) async throws
        {
            let directory = try TemporaryDirectory()
            let message = try await refusal(
                worker: isOnWorker ? keyOption(Self.key, in: directory) : [], key: isOnWorker ? nil : Self.key
            )
            #expect(message.contains("has no cluster key"), "\(message)")
            #expect(message.contains("w0") && message.contains("coordinator"), "\(message)")
        }

        @Test func `the same key on all sides writes the same text`() async throws {
            let directory = try TemporaryDirectory()
            let key = try keyOption(Self.key, in: directory)
            let cluster = try await TestCluster.three(options: [key, key, key])
            cluster.file.keyFile = key[1]
            let run = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
            #expect(try await run.answers() == Reference.shared.greedy())
        }

        @Test func `an address outside this machine needs a key, for worker and coordinator alike`()
            async throws
        {
            let directory = try TemporaryDirectory()
            var file = ClusterFileBuilder()
            file.workers = [.init(name: "far", address: "192.0.2.1:7101")]
            let run = try await CoordinatorRun.finished(
                ["--shards", file.write(in: directory), "--join-timeout", "1", "--prompt", "One"])
            #expect(run.status == 2)
            #expect(run.errorLine.contains("key_file"), "\(run)")
            #expect(run.errorLine.contains("192.0.2.1") || run.errorLine.contains("far"), "\(run)")

            let worker = try ChildProcess(
                "bitnet-worker", ["--listen", "0.0.0.0:0", "--data-dir", directory.path(of: "data")])
            #expect(try await worker.untilEnd() == .exited(64))
            #expect(worker.diagnostics.contains("--key-file"))
        }
    }
}
