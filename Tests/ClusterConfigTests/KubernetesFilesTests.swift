// SPDX-License-Identifier: MIT
import ClusterConfig
import TestSupport
import Testing

/// The cluster files of `cluster/kubernetes` are read as what they are meant to be.
@Suite struct KubernetesFilesTests {
    @Test(arguments: ["base", "leaderworkerset"])
    func `they find workers by a name, and bring a model of a hub`(folder: String) throws {
        let file = try ClusterFile.load(
            path: Repository.path(of: "cluster/kubernetes/\(folder)/workers.yaml"))
        #expect(file.discovery?.count == 3 && file.discovery?.port == 7101)
        #expect(file.model?.hasPrefix("hf:") == true)
        #expect(file.keyFile == "/etc/bitnet/keys/cluster.key")
    }
}
