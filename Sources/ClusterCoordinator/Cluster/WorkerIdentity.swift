// SPDX-License-Identifier: MIT
package import BitNetCore

/// A worker as people know it: its name and address from workers.yaml and, once planned, its stages.
package struct WorkerIdentity: Sendable, CustomStringConvertible {
    package let name: String
    package let address: String
    package var stages: [(index: Int, layers: LayerRange)] = []
    /// Which process it is, once it has joined: its other connections must reach the same one.
    package var processID: UInt64?

    package init(name: String, address: String) {
        self.name = name
        self.address = address
    }

    /// `worker b (stage 1, layers 3-5, 127.0.0.1:7102)`.
    package var description: String {
        let stages = stages.map { "stage \($0.index), layers \($0.layers), " }.joined()
        return "worker \(name) (\(stages)\(address))"
    }
}
