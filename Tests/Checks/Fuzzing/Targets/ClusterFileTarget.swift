// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterConfig

enum ClusterFileTarget {
    static func run(_ bytes: [UInt8]) throws(FuzzFinding) -> FuzzTarget.Outcome {
        // The file's reader checks both before it parses.
        guard bytes.count <= Limits.configBytesMax, let text = String(validating: bytes, as: UTF8.self) else {
            return .refused("not text of a cluster file's size")
        }
        let file: ClusterFile
        do throws(ConfigError) {
            file = try ClusterFile.parse(text, path: "cluster/workers.yaml")
        } catch {
            return .refused(error.message)
        }
        guard (1...Limits.workersMax).contains(file.workers.count) else {
            throw FuzzFinding("\(file.workers.count) workers")
        }
        let names = [file.cluster] + file.workers.map(\.name)
        guard names.allSatisfy({ (1...Limits.nameBytesMax).contains($0.utf8.count) }) else {
            throw FuzzFinding("a name of a length that peers refuse")
        }
        guard file.keyFile != nil || file.workers.allSatisfy(\.address.isLoopback) else {
            throw FuzzFinding("a worker elsewhere without a key")
        }
        return .accepted
    }
}
