// SPDX-License-Identifier: MIT
import AdminAPI
import ArgumentParser
import BitNetCore
import CommandLine
import NIOHTTP1

/// Divides a running cluster's layers anew.
struct ReplanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replan",
        abstract: "Divides the layers of a running cluster anew among all workers of its file.",
        discussion: """
            The coordinator reads the cluster file again, so that workers which were added to it, or came back, get \
            layers, and those that were removed get none. Requests wait meanwhile, and go on where they stood. Layers \
            that stay where they are stay in memory.

            EXAMPLES
              bitnet-ctl replan --wait
            """)

    @OptionGroup(title: "Coordinator") var admin: AdminOptions

    @Flag(help: "Return only once the new division serves.")
    var wait = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Program.run {
            let console = Console()
            try await admin.use { remote in
                let document = try await remote.decode(
                    PlacementDocument.self, remote.bytes(.POST, AdminAPI.replanPath))
                console.write((json ? try JSONDocument.text(document) : document.message) + "\n")
                if wait { try await PlacementWait(remote: remote).run() }
            }
        }
    }
}

/// Waits until a cluster serves again whose layers are being moved.
struct PlacementWait {
    let remote: Remote
    /// Who shall have no layers then.
    var worker: String?

    /// - Throws: ``RemoteError`` if that does not come of it.
    func run() async throws {
        while true {
            try await Task.sleep(for: .milliseconds(200))
            let status = try await remote.get(AdminAPI.statusPath, as: ClusterStatus.self)
            switch status.state {
            case .recovering, .starting: continue
            case .down: throw RemoteError("the cluster is down: \(status.reasons.joined(separator: "; "))")
            case .serving, .degraded, .draining: break
            }
            guard let worker, status.stages.contains(where: { $0.worker == worker }) else { return }
            throw RemoteError(
                "worker \(worker) has kept its layers: nobody else has room for them (bitnet-ctl events tells more)"
            )
        }
    }
}
