// SPDX-License-Identifier: MIT
import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// Weights travel once, whole and unaltered, whatever happens on the way or on the disk.
    @Suite struct Shipping {
        /// A model of 47 MB once packed, so that what is under way when a worker dies is a small part of it.
        private func largeModel(in directory: TemporaryDirectory) async throws -> String {
            let path = directory.path(of: "large.gguf")
            let process = try ChildProcess(
                "bitnet-ctl",
                [
                    "synth", "tiny", "--hidden", "1024", "--ffn", "4096", "--heads", "8", "--layers", "12",
                    "--type", "tq2_0", "--out", path,
                ])
            try #require(try await process.untilEnd() == .exited(0), "\(process.diagnostics)")
            return path
        }

        @Test func `a worker killed in the middle of a transfer gets only what it lacked`() async throws {
            let cluster = try await TestCluster(count: 1)
            cluster.file.model = try await largeModel(in: cluster.directory)
            let arguments = ["--prompt", "One", "-n", "1", "--ctx-size", "64", "--parallel", "1"]
            let proxy = try Proxy(to: cluster.workers[0].port, Proxy.Shape(bytesPerSecond: 10_000_000))
            cluster.file.workers[0].address = proxy.address
            let broken = try cluster.start(arguments)
            try await broken.process.until("half the model on the disk of w0") {
                cluster.workers[0].storedByteCount > 20_000_000
            }
            try await cluster.workers[0].kill()
            let failure = try await broken.finish()
            #expect(failure.status == 2)
            #expect(failure.errorLine.contains("worker w0"))
            proxy.close()

            let kept = cluster.storedByteCount
            try await cluster.restart(0)
            cluster.file.workers[0].address = cluster.workers[0].address
            let run = try await cluster.run(arguments)
            #expect(run.status == 0, "\(run)")
            let whole = cluster.storedByteCount
            let first = try #require(failure.shippedByteCount)
            let second = try #require(run.shippedByteCount)
            #expect(second == whole - kept)
            #expect(first + second >= whole)
            #expect(Double(first + second) <= 1.02 * Double(whole), "\(first) + \(second) of \(whole)")
        }

        @Test func `a worker that is stopped in the middle of a transfer is given up for want of heartbeats`()
            async throws
        {
            let cluster = try await TestCluster(count: 1)
            let proxy = try Proxy(to: cluster.workers[0].port, Proxy.Shape(bytesPerSecond: 150_000))
            cluster.file.workers[0].address = proxy.address
            let run = try cluster.start(EndToEnd.greedy, input: EndToEnd.prompts)
            try await run.process.until("a part on the disk of w0") { !cluster.workers[0].parts.isEmpty }
            cluster.workers[0].process.signal(SIGSTOP)
            // Long before the time that a transfer may stand still is over.
            let failure = try await run.finish(within: .seconds(20))
            #expect(failure.status == 2)
            #expect(failure.errorLine.contains("worker w0"))
            #expect(failure.errorLine.contains("no heartbeat"))
        }

        @Test func `a coordinator killed in the middle of a transfer sends the rest when it comes back`()
            async throws
        {
            let cluster = try await TestCluster(count: 2)
            let proxy = try Proxy(to: cluster.workers[1].port, Proxy.Shape(bytesPerSecond: 150_000))
            cluster.file.workers[1].address = proxy.address
            let broken = try cluster.start(EndToEnd.greedy, input: EndToEnd.prompts)
            try await broken.process.until("a part on the disk of w1") { !cluster.workers[1].parts.isEmpty }
            broken.process.signal(SIGKILL)
            _ = try await broken.process.untilEnd()
            proxy.close()

            cluster.file.workers[1].address = cluster.workers[1].address
            let kept = cluster.storedByteCount
            let run = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
            #expect(try await run.answers() == Reference.shared.greedy())
            let shipped = try #require(run.shippedByteCount)
            #expect(shipped > 0)
            #expect(shipped <= cluster.storedByteCount - kept)
        }

        @Test func `a link that breaks in the middle of a transfer leaves the worker ready for the next run`()
            async throws
        {
            let cluster = try await TestCluster(count: 2)
            let proxy = try Proxy(to: cluster.workers[0].port, Proxy.Shape(cutAfterByteCount: 300_000))
            cluster.file.workers[0].address = proxy.address
            let failure = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
            #expect(failure.status == 2)
            #expect(failure.errorLine.contains("worker w0"))
            #expect(proxy.forwardedByteCount >= 300_000)

            cluster.file.workers[0].address = cluster.workers[0].address
            let run = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
            #expect(try await run.answers() == Reference.shared.greedy())
        }

        /// What may have become of a part on disk, and how many of its bytes travel again.
        enum Damage: CaseIterable {
            case altered
            case cutShort
            case emptied
            case removed
            case arrivedByHalf

            func happen(to name: String, of worker: RunningWorker) throws -> UInt64 {
                let path = worker.path(ofPart: name)
                var bytes = try Data(contentsOf: URL(filePath: path))
                let whole = UInt64(bytes.count)
                switch self {
                case .altered: bytes[bytes.count / 2] ^= 0x10
                case .cutShort: bytes.removeLast(bytes.count / 3)
                case .emptied: bytes.removeAll()
                case .removed, .arrivedByHalf: try FileManager.default.removeItem(atPath: path)
                }
                switch self {
                case .removed:
                    return whole
                case .arrivedByHalf:
                    try bytes.prefix(bytes.count / 2).write(to: URL(filePath: worker.path(ofPartial: name)))
                    return whole - whole / 2
                case .altered, .cutShort, .emptied:
                    try bytes.write(to: URL(filePath: path))
                    return whole
                }
            }
        }

        @Test func `a damaged part is noticed and only what it lacks is sent again`() async throws {
            let cluster = try await TestCluster.three()
            let reference = try await Reference.shared.greedy()
            let first = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
            #expect(try first.answers() == reference)
            let worker = cluster.workers[1]
            let parts = worker.parts
            #expect(parts.count == 3)
            for (damage, name) in zip(Damage.allCases, Array(parts.keys) + Array(parts.keys)) {
                let lacking = try damage.happen(to: name, of: worker)
                let run = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
                #expect(try run.answers() == reference, "\(damage)")
                #expect(run.shippedByteCount == lacking, "\(damage)")
                #expect(worker.parts == parts, "\(damage)")
            }
        }

        @Test func `parts that stand for others are no use: a wrong beginning is found out and replaced`()
            async throws
        {
            let cluster = try await TestCluster(count: 1)
            let reference = try await Reference.shared.greedy()
            _ = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
            let worker = cluster.workers[0]
            let (name, size) = try #require(worker.parts.first)
            try FileManager.default.removeItem(atPath: worker.path(ofPart: name))
            try Data(repeating: 0x55, count: Int(size / 2)).write(
                to: URL(filePath: worker.path(ofPartial: name)))
            let run = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
            #expect(try run.answers() == reference)
            #expect(worker.parts[name] == size)
        }
    }
}
