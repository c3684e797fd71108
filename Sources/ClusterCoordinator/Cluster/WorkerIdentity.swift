// SPDX-License-Identifier: MIT
package import BitNetCore

/// A worker as people know it: its name and address from workers.yaml and, once planned, its stage.
package struct WorkerIdentity: Sendable, CustomStringConvertible {
    package let name: String
    package let address: String
    package var stage: (index: Int, layers: LayerRange)?
    /// Which process it is, once it has joined: its other connections must reach the same one.
    package var processID: UInt64?

    package init(name: String, address: String) {
        self.name = name
        self.address = address
    }

    /// `worker b (stage 1, layers 3-5, 127.0.0.1:7102)`.
    package var description: String {
        guard let stage else { return "worker \(name) (\(address))" }
        return "worker \(name) (stage \(stage.index), layers \(stage.layers), \(address))"
    }
}
