// SPDX-License-Identifier: MIT
import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// Workers whose store or disk is too small, and `bitnet-ctl cache`.
    @Suite struct Store {
        private struct Listing: Decodable {
            struct Part: Decodable {
                struct Use: Decodable {
                    let model: String
                    let part: String
                }

                let sha256: String
                let state: String
                let bytes: UInt64
                let uses: [Use]
            }

            let bytes: UInt64
            let parts: [Part]
        }

        private func cache(
            _ arguments: [String], of worker: RunningWorker
        ) async throws -> (ending: ChildProcess.Ending, output: String, diagnostics: String) {
            let process = try ChildProcess(
                "bitnet-ctl", ["cache"] + arguments + ["--data-dir", worker.dataDirectory])
            return (try await process.untilEnd(), process.output, process.diagnostics)
        }

        private func listing(of worker: RunningWorker) async throws -> Listing {
            let (ending, output, diagnostics) = try await cache(["ls", "--json"], of: worker)
            try #require(ending == .exited(0), "\(diagnostics)")
            return try JSONDecoder().decode(Listing.self, from: Data(output.utf8))
        }

        @Test func `a shard that does not fit the store is refused before a byte too many is taken`()
            async throws
        {
            let cluster = try await TestCluster(options: [["--store-quota", "1MiB"]])
            let worker = cluster.workers[0]
            for _ in 0..<2 {
                let failure = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
                #expect(failure.status == 2)
                #expect(failure.errorLine.contains("worker w0"))
                #expect(failure.errorLine.contains(worker.dataDirectory))
                #expect(failure.errorLine.contains("bytes short"))
                #expect(worker.storedByteCount <= 1 << 20)
            }
            let listing = try await listing(of: worker)
            #expect(listing.bytes == worker.storedByteCount)
            #expect(try await cache(["verify"], of: worker).ending == .exited(0))
            #expect(worker.process.poll() == nil)
        }

        @Test(.enabled(if: geteuid() == 0, "only root may mount a small disk"))
        func `a worker whose disk is full says so, keeps what it has, and goes on when there is room`()
            async throws
        {
            let directory = try TemporaryDirectory()
            let data = directory.path(of: "w0")
            mkdir(data, 0o700)
            guard mount("tmpfs", data, "tmpfs", 0, "size=1500k") == 0 else { return }
            defer { umount2(data, Int32(MNT_DETACH)) }
            let worker = try await RunningWorker.start("w0", in: directory)
            let file = ClusterFileBuilder(workers: [.init(name: "w0", address: worker.address)])
            let arguments = ["--shards", try file.write(in: directory)] + EndToEnd.greedy
            let failure = try await CoordinatorRun.finished(arguments, input: EndToEnd.prompts)
            #expect(failure.status == 2)
            #expect(failure.errorLine.contains("worker w0"))
            #expect(failure.errorLine.contains(data))
            #expect(worker.process.poll() == nil)
            let kept = worker.storedByteCount
            #expect(kept > 0)

            #expect(mount("tmpfs", data, "tmpfs", UInt(MS_REMOUNT), "size=16m") == 0)
            let run = try await CoordinatorRun.finished(arguments, input: EndToEnd.prompts)
            #expect(try await run.answers() == Reference.shared.greedy())
            #expect(try #require(run.shippedByteCount) <= worker.storedByteCount - kept)
        }

        @Test func `the store of a worker is listed while it runs, checked, and tidied up after it`()
            async throws
        {
            let cluster = try await TestCluster(count: 1)
            let worker = cluster.workers[0]
            _ = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
            let first = try await listing(of: worker)
            #expect(
                Dictionary(uniqueKeysWithValues: first.parts.map { ($0.sha256, $0.bytes) }) == worker.parts)
            #expect(first.parts.allSatisfy { $0.state == "complete" && !$0.uses.isEmpty })
            #expect(
                Set(first.parts.flatMap(\.uses).map(\.part)).isSuperset(of: [
                    "embedding", "layer 0", "layer 8",
                ]))
            #expect(try await cache(["verify"], of: worker).ending == .exited(0))

            let refused = try await cache(["gc", "--quota", "1"], of: worker)
            #expect(refused.ending == .exited(2))
            #expect(refused.diagnostics.contains("in use"))
            #expect(worker.parts.count == first.parts.count)

            try await worker.kill()
            let name = try #require(worker.parts.keys.first)
            var bytes = try Data(contentsOf: URL(filePath: worker.path(ofPart: name)))
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: URL(filePath: worker.path(ofPart: name)))
            try Data([1, 2, 3]).write(to: URL(filePath: worker.path(ofPartial: name)))
            let damaged = try await cache(["verify"], of: worker)
            #expect(damaged.ending == .exited(1))
            #expect(damaged.output.contains("damaged: \(worker.path(ofPart: name))"))
            #expect(try await cache(["verify", "--remove"], of: worker).ending == .exited(1))
            #expect(try await cache(["verify"], of: worker).ending == .exited(0))
            #expect(worker.parts.count == first.parts.count - 1)

            let before = worker.storedByteCount
            let dry = try await cache(["gc", "--quota", "1MiB", "--dry-run"], of: worker)
            #expect(dry.output.contains("would remove \(name.prefix(12))  partial"))
            #expect(worker.storedByteCount == before)
            #expect(try await cache(["gc", "--quota", "1MiB"], of: worker).ending == .exited(0))
            #expect(worker.storedByteCount <= 1 << 20)
            #expect(worker.storedByteCount > 0)
            #expect(try await cache(["gc", "--quota", "1"], of: worker).ending == .exited(0))
            #expect(worker.storedByteCount == 0)
            #expect(try await listing(of: worker).parts.isEmpty)
        }

        @Test func `a directory that is no store is not made one`() async throws {
            let directory = try TemporaryDirectory()
            for command in [["ls"], ["verify"], ["gc"]] {
                let process = try ChildProcess(
                    "bitnet-ctl", ["cache"] + command + ["--store-dir", directory.path(of: "none")])
                #expect(try await process.untilEnd() == .exited(2))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
        }
    }
}
