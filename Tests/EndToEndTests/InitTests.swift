// SPDX-License-Identifier: MIT
import Foundation
import Testing

extension EndToEnd {
    /// A cluster from nothing: its key and its file by one command.
    @Suite struct Beginning {
        @Test func `what init writes brings a cluster up`() async throws {
            let directory = try TemporaryDirectory()
            let folder = directory.path(of: "made/here")
            let ports = try (0..<3).map { _ in try LocalSocket.freePort() }
            let made = try ChildProcess(
                "bitnet-ctl",
                ["init", "--dir", folder, "--model", Programs.model, "--json"]
                    + ports.map { "127.0.0.1:\($0)" })
            #expect(try await made.untilEnd() == .exited(0))
            let key = folder + "/cluster.key"
            let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
            #expect(mode == 0o600)

            var workers: [RunningWorker] = []
            for (index, port) in ports.enumerated() {
                workers.append(
                    try await RunningWorker.start(
                        "worker-\(index + 1)", in: directory, port: port, options: ["--key-file", key]))
            }
            let run = try CoordinatorRun(
                ["--shards", folder + "/workers.yaml"] + EndToEnd.greedy, input: EndToEnd.prompts)
            #expect(try await run.finish().answers() == Reference.shared.greedy())

            let again = try ChildProcess("bitnet-ctl", ["init", "--dir", folder, "srv-a"])
            #expect(try await again.untilEnd() == .exited(2))
            #expect(again.diagnostics.contains("workers.yaml: is there already"))
            let before = try String(contentsOfFile: key, encoding: .utf8)
            let forced = try ChildProcess(
                "bitnet-ctl", ["init", "--dir", folder, "--force", "--user", "an operator", "srv-a"])
            #expect(try await forced.untilEnd() == .exited(0))
            #expect(forced.output.contains("scp \(key) 'an operator@srv-a':cluster.key"))
            #expect(forced.output.contains("bitnet-worker --listen 0.0.0.0:7101 --name srv-a"))
            #expect(try String(contentsOfFile: key, encoding: .utf8) != before)
        }
    }
}
