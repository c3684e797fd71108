// SPDX-License-Identifier: MIT
import Foundation
import Testing

extension EndToEnd {
    /// Certificates of an operator's own, between machines and for users.
    @Suite struct Encryption {
        private func issue(_ arguments: [String], in directory: TemporaryDirectory) async throws -> String {
            let folder = directory.path(of: "certs")
            let process = try ChildProcess("bitnet-ctl", ["certs", "--dir", folder] + arguments)
            #expect(try await process.untilEnd() == .exited(0), "\(process.diagnostics)")
            return folder
        }

        private func options(_ node: String, _ folder: String) -> [String] {
            [
                "--tls-ca", "\(folder)/ca.pem", "--tls-cert", "\(folder)/\(node).pem", "--tls-key",
                "\(folder)/\(node).key", "--tls-revoked", "\(folder)/revoked",
            ]
        }

        @Test func `nodes with certificates write the same text, and one that is revoked is shut out`()
            async throws
        {
            let directory = try TemporaryDirectory()
            let folder = try await issue(["coordinator", "operator", "w0", "w1", "w2"], in: directory)
            try Data().write(to: URL(filePath: "\(folder)/revoked"))
            let cluster = try await TestCluster.three(
                options: ["w0", "w1", "w2"].map { options($0, folder) })
            func lines(_ node: String) -> [String] {
                [
                    "tls:", "  ca: \(folder)/ca.pem", "  cert: \(folder)/\(node).pem",
                    "  key: \(folder)/\(node).key",
                    "  revoked: \(folder)/revoked",
                ]
            }
            cluster.file.extraLines = lines("coordinator")
            let run = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
            #expect(try await run.answers() == Reference.shared.greedy())

            cluster.file.extraLines = lines("w1")
            let worker = try await cluster.run(["--prompt", "One"])
            #expect(worker.status == 2 && worker.errorLine.contains("not of 'coordinator'"), "\(worker)")

            cluster.file.extraLines = lines("coordinator")
            _ = try await issue(["--revoke", "w2"], in: directory)
            let revoked = try await cluster.run(["--prompt", "One"])
            #expect(revoked.status == 2 && revoked.errorLine.contains("is revoked"), "\(revoked)")
        }

        @Test func `users and operators are answered by HTTPS`() async throws {
            let directory = try TemporaryDirectory()
            let folder = try await issue(
                ["gateway", "--host", "127.0.0.1", "--host", "localhost"], in: directory)
            let serving = try await ServingRun([
                "--local", "--model", Programs.model, "--ssl-cert-file", "\(folder)/gateway.pem",
                "--ssl-key-file",
                "\(folder)/gateway.key",
            ])
            #expect(serving.gateway.hasPrefix("https://") && serving.admin.hasPrefix("https://"))
            func status(_ options: [String]) async throws -> ChildProcess {
                let process = try ChildProcess(
                    "bitnet-ctl", ["status", "--coordinator", serving.admin, "--json"] + options)
                _ = try await process.untilEnd()
                return process
            }
            while try await !status(["--ca-file", "\(folder)/ca.pem"]).output.contains("\"serving\"") {
                try #require(serving.process.poll() == nil, "\(serving.process.diagnostics)")
            }
            let perplexity = try ChildProcess(
                "bitnet-ctl",
                [
                    "perplexity", directory.write("One day Lily went to the park.", to: "text"),
                    "--coordinator",
                    serving.admin, "--ca-file", "\(folder)/ca.pem", "--json",
                ])
            #expect(try await perplexity.untilEnd() == .exited(0), "\(perplexity.diagnostics)")
            let untrusted = try await status([])
            #expect(untrusted.diagnostics.contains("--ca-file"), "\(untrusted.diagnostics)")
            let plain = try ChildProcess(
                "bitnet-ctl", ["status", "--coordinator", serving.admin.replacing("https", with: "http")])
            #expect(try await plain.untilEnd() != .exited(0))
            #expect(try await serving.stop() == .exited(0))
        }
    }
}
