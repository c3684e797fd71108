// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterConfig

/// What is to be done once a cluster has its key and its file.
struct InitSteps {
    let draft: ClusterDraft
    let directory: String
    let user: String?
    let model: String?

    private var key: String { Self.word("\(directory)/\(draft.keyFile)") }
    private var file: String { Self.word("\(directory)/workers.yaml") }
    private func login(_ worker: ClusterDraft.Worker) -> String {
        Self.word((user.map { $0 + "@" } ?? "") + worker.address.host)
    }
    /// Where a worker listens: on this machine only, if that is where it is.
    private func listening(_ worker: ClusterDraft.Worker) -> HostPort {
        worker.address.isLoopback ? worker.address : HostPort(host: "0.0.0.0", port: worker.address.port)
    }
    private var coordinator: String {
        "bitnet-coord --shards \(file)" + (draft.model == nil ? " --model FILE" : "")
    }

    /// What starts all of them.
    var commands: [String] {
        draft.workers.filter { !$0.address.isLoopback }.map { worker in
            "scp \(key) \(login(worker)):cluster.key"
        }
            + draft.workers.map { worker in
                let start =
                    "bitnet-worker --listen \(listening(worker)) --name \(worker.name) --data-dir "
                    + "bitnet-\(worker.address.port) --key-file "
                return worker.address.isLoopback
                    ? start + key + " &"
                    : "ssh \(login(worker)) 'nohup \(start)cluster.key > bitnet.log 2>&1 < /dev/null &'"
            } + [coordinator]
    }

    /// Text as a shell takes it for one word, whatever is in it.
    private static func word(_ text: String) -> String {
        guard !text.isEmpty, text.wholeMatch(of: /[A-Za-z0-9_.\/:@%+=,-]+/) != nil else {
            return "'" + text.replacing("'", with: #"'\''"#) + "'"
        }
        return text
    }

    func text(_ path: String, _ keyPath: String) -> String {
        func list(_ lines: [String]) -> String { lines.map { "  \($0)\n" }.joined() }
        return """
            wrote \(keyPath), the cluster's secret, and \(path) with \(plural(draft.workers.count, "worker"))

            start them, with the programs in every machine's PATH:
            \(list(commands))
            then:
              bitnet-ctl doctor --shards \(file)
              bitnet-ctl status

            """
    }

    func json(_ path: String, _ keyPath: String) -> JSONValue {
        .object([
            ("cluster_file", .text(path)), ("key_file", .text(keyPath)),
            ("cluster", .text(draft.cluster)),
            (
                "workers",
                .list(
                    draft.workers.map {
                        .object([("name", .text($0.name)), ("address", .text("\($0.address)"))])
                    })
            ),
            ("commands", .list(commands.map { .text($0) })),
        ])
    }
}
