// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import ClusterConfig
import CommandLine

/// Begins a cluster: its key, its file, and what to do next.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Makes the key and the file of a new cluster, and says what to do next.",
        discussion: """
            Writes cluster.key, which only you may read, and workers.yaml with the hosts as workers. What is there \
            already stays, unless --force is given; nothing is sent anywhere.

            EXAMPLES
              bitnet-ctl init srv-a srv-b srv-c --model model.gguf
              bitnet-ctl init 10.0.0.1 10.0.0.2:7102 --user ops --dir /etc/bitnet
              bitnet-ctl init --hosts hosts.txt --cluster lab --model hf:OWNER/NAME --json
            """)

    @Argument(help: ArgumentHelp("Machines of workers; without a port it is 7101.", valueName: "host[:port]"))
    var names: [String] = []

    @Option(
        help: ArgumentHelp("File with such machines, one a line; # begins a remark.", valueName: "file"))
    var hosts: String?

    @Option(help: ArgumentHelp("Folder for both files; it is made if there is none.", valueName: "dir"))
    var dir = "."

    @Option(help: ArgumentHelp("The cluster's name.", valueName: "name"))
    var cluster = "demo"

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "GGUF file, Hugging Face directory or hf:OWNER/NAME[:FILE] for the cluster file.",
            valueName: "path"))
    var model: String?

    @Option(
        help: ArgumentHelp("Who logs in on the machines, in the commands that are shown.", valueName: "name"))
    var user: String?

    @Flag(help: "Write over a key and a file that are there: machines that have the old key are shut out.")
    var force = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Program.run {
            let listed = try hosts.map { ClusterDraft.hosts(of: try text(of: $0)) } ?? []
            let draft = try ClusterDraft(
                cluster: cluster, model: modelPlace, keyFile: "cluster.key", hosts: names + listed)
            let path = "\(dir)/workers.yaml"
            let keyPath = "\(dir)/\(draft.keyFile)"
            // What is written is what the programs will read.
            _ = try ClusterFile.parse(draft.text, path: path)
            for path in [path, keyPath] where !force && FileSystem.exists(path) {
                throw ConfigError(
                    path: path, "is there already and was left as it is; give another --dir, or --force")
            }
            try FileSystem.makeDirectory(dir)
            try OutputFile.write(Array((Self.secret() + "\n").utf8), to: keyPath, mode: 0o600)
            try OutputFile.write(Array(draft.text.utf8), to: path)
            _ = try ClusterFile.load(path: path).readKey()
            let steps = InitSteps(draft: draft, directory: dir, user: user, model: model)
            Console().write(json ? steps.json(path, keyPath).encoded + "\n" : steps.text(path, keyPath))
        }
    }

    /// A relative path is meant from here, and stands in a file that may be elsewhere.
    private var modelPlace: String? {
        guard let model, !HubScheme.isPrefix(of: model), !model.hasPrefix("/") else { return model }
        return dir == "." ? model : FileSystem.realPath(model) ?? model
    }

    private func text(of path: String) throws -> String {
        FileText.withoutMark(String(decoding: try SmallFile.bytes(path), as: UTF8.self))
    }

    /// 256 bits from the system.
    private static func secret() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(random.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
