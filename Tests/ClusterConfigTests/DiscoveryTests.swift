// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterConfig
import Testing

/// Workers that a name service lists.
@Suite struct DiscoveryTests {
    private static func parse(
        _ workers: String, key: String = "key_file: k\n"
    ) throws(ConfigError) -> ClusterFile {
        try ClusterFile.parse("cluster: c\n\(key)workers:\n\(workers)", path: "/x/workers.yaml")
    }

    private func reason(_ workers: String, key: String = "key_file: k\n") -> String {
        do throws(ConfigError) {
            return "taken: \(try Self.parse(workers, key: key))"
        } catch {
            return error.message
        }
    }

    @Test func `a name with a port takes the place of the list`() throws {
        let file = try Self.parse("  dns: workers.ns.svc\n  port: 7101\n  count: 3\n  memory: 4GiB\n")
        #expect(
            file.discovery
                == WorkerDiscovery(name: "workers.ns.svc", port: 7101, count: 3, memoryByteCount: 4 << 30))
        #expect(file.workers.isEmpty)
        #expect(throws: ConfigError.self) { try file.listedWorkers() }
        let least = try Self.parse("  {dns: w, port: 1}\n")
        #expect(least.discovery == WorkerDiscovery(name: "w", port: 1))
        #expect(try Self.parse("  - {name: a, address: a:1}\n").listedWorkers().count == 1)
    }

    @Test func `what is wrong is named with its line`() {
        #expect(
            reason("  dns: w\n  prot: 7101\n").contains(
                "workers.yaml:5: “prot” is no key of “workers”; did you mean “port”?"))
        #expect(reason("  dns: w\n").contains("“workers” has no “port”"))
        #expect(reason("  port: 1\n").contains("“workers” has no “dns”"))
        #expect(reason("  dns: 10.0.0.1\n  port: 1\n").contains("list it as a worker"))
        #expect(reason("  dns: a/b\n  port: 1\n").contains("not a host name"))
        for port in ["0", "65536", "-1", "x"] {
            #expect(reason("  dns: w\n  port: \(port)\n").contains("is not a port"))
        }
        for count in ["0", "\(Limits.workersMax + 1)", "x"] {
            #expect(reason("  dns: w\n  port: 1\n  count: \(count)\n").contains("is not a number from 1"))
        }
        #expect(!reason("  dns: w\n  port: 1\n  count: \(Limits.workersMax)\n").contains("is not a number"))
        #expect(reason("  dns: w\n  port: 1\n", key: "").contains("must name a key_file"))
    }
}
