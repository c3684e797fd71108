// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterConfig
import Testing

/// The file that a new cluster begins with.
@Suite struct ClusterDraftTests {
    private func draft(
        _ hosts: String..., cluster: String = "lab", model: String? = nil
    ) throws -> ClusterDraft {
        try ClusterDraft(cluster: cluster, model: model, keyFile: "cluster.key", hosts: hosts)
    }

    @Test func `what is written is what is read`() throws {
        let draft = try draft("srv-a.rack1", "srv-b:7105", cluster: "a: \"b\" #c", model: "hf:o/n:TQ2_0")
        let file = try ClusterFile.parse(draft.text, path: "/etc/workers.yaml")
        #expect(file.cluster == "a: \"b\" #c" && file.model == "hf:o/n:TQ2_0")
        #expect(file.keyFile == "/etc/cluster.key")
        #expect(file.workers.map(\.name) == ["srv-a", "srv-b"])
        #expect(file.workers.map { "\($0.address)" } == ["srv-a.rack1:7101", "srv-b:7105"])
        #expect(try ClusterFile.parse(self.draft("h").text, path: "w").model == nil)
    }

    @Test func `workers are numbered where hosts' names do not tell them apart`() throws {
        for hosts in [["10.0.0.1", "10.0.0.2"], ["a", "a:7102"], ["a.x", "a.y"], ["::1", "[::1]:7102"]] {
            let draft = try ClusterDraft(cluster: "c", model: nil, keyFile: "k", hosts: hosts)
            #expect(draft.workers.map(\.name) == ["worker-1", "worker-2"])
            #expect(throws: Never.self) { try ClusterFile.parse(draft.text, path: "w") }
        }
    }

    @Test(arguments: [
        ["a", "a"], ["a", "a:7101"], ["a:0"], ["a:b:c"], ["a:"], ["a:99999"], [""], ["a b"], ["a\u{0}"], [],
    ])
    func `hosts that are none, or are there twice, are refused`(hosts: [String]) {
        #expect(throws: ConfigError.self) {
            try ClusterDraft(cluster: "c", model: nil, keyFile: "k", hosts: hosts)
        }
    }

    @Test func `a file of hosts has one a line, and remarks`() {
        let text = "# rack 1\nsrv-a\r\n  srv-b:7102  # the second\n\n#\n[::1]:7103"
        #expect(ClusterDraft.hosts(of: text) == ["srv-a", "srv-b:7102", "[::1]:7103"])
    }

    @Test func `as many workers as a file may have, and one more`() throws {
        let hosts = (0...Limits.workersMax).map { "h\($0)" }
        let most = try ClusterDraft(
            cluster: "c", model: nil, keyFile: "k", hosts: Array(hosts.dropLast()))
        #expect(try ClusterFile.parse(most.text, path: "w").workers.count == Limits.workersMax)
        #expect(throws: ConfigError.self) {
            try ClusterDraft(cluster: "c", model: nil, keyFile: "k", hosts: hosts)
        }
    }
}
