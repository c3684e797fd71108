// SPDX-License-Identifier: MIT
import AdminAPI
import ArgumentParser
import BitNetCore
import CommandLine
import NIOHTTP1

/// Lets a cluster come to rest.
struct DrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Has a cluster, or one of its workers, come to rest, or take part again.",
        discussion: """
            New requests are answered with 503 from then on, so that a load balancer goes elsewhere; running ones go \
            on to their end. With --wait it returns once nothing is left, and the coordinator can be stopped.

            With a worker's name the layers of that worker move to others while requests wait a moment, and it gets \
            none until --resume: it may be stopped, upgraded, and started again.

            EXAMPLES
              bitnet-ctl drain --wait
              bitnet-ctl drain --resume
              bitnet-ctl drain srv-b --wait
              bitnet-ctl drain srv-b --resume && bitnet-ctl replan
            """)

    @Argument(help: "Worker to drain; without one, the whole cluster.")
    var worker: String?

    @OptionGroup(title: "Coordinator") var admin: AdminOptions

    @Flag(help: "Take requests again.")
    var resume = false

    @Flag(help: "Return only once every sequence has ended; of a worker, once others serve its layers.")
    var wait = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard !(resume && wait) else { throw ValidationError("give either --resume or --wait") }
    }

    func run() async throws {
        try await Program.run {
            let console = Console()
            try await admin.use { remote in
                if let worker { return try await drain(worker, remote, console) }
                let method: HTTPMethod = resume ? .DELETE : .POST
                let bytes = try await remote.bytes(method, AdminAPI.drainPath)
                var document = try remote.decode(DrainDocument.self, bytes)
                while wait, document.remaining > 0 {
                    console.progress("drain", "drain  \(text(of: document.remaining))", isLast: false)
                    try await Task.sleep(for: .milliseconds(500))
                    document = try await progress(remote)
                }
                let text = wait ? try JSONDocument.text(document) : String(decoding: bytes, as: UTF8.self)
                console.write(json ? text + "\n" : summary(document) + "\n")
            }
        }
    }

    private func drain(_ worker: String, _ remote: Remote, _ console: Console) async throws {
        let path = AdminAPI.drainPath(of: worker)
        let document = try await remote.decode(
            PlacementDocument.self, remote.bytes(resume ? .DELETE : .POST, path))
        console.write((json ? try JSONDocument.text(document) : document.message) + "\n")
        if wait { try await PlacementWait(remote: remote, worker: worker).run() }
    }

    /// How many are left now; looked at, so that a draining that somebody else has ended is not begun again.
    private func progress(_ remote: Remote) async throws -> DrainDocument {
        let status = try await remote.get(AdminAPI.statusPath, as: ClusterStatus.self)
        guard status.state == .draining || status.state == .down else {
            throw RemoteError("the cluster takes requests again: somebody else has ended the draining")
        }
        let remaining = max(status.queue.waiting, 0).addingReportingOverflow(max(status.queue.running, 0))
        return DrainDocument(isDraining: true, remaining: remaining.overflow ? .max : remaining.partialValue)
    }

    private func summary(_ document: DrainDocument) -> String {
        if resume { return "the cluster takes requests" }
        return document.remaining > 0
            ? "draining: \(text(of: document.remaining)); bitnet-ctl drain --wait waits for them"
            : "drained: nothing is left"
    }

    private func text(of remaining: Int) -> String {
        remaining == 1 ? "1 sequence left" : "\(remaining) sequences left"
    }
}
