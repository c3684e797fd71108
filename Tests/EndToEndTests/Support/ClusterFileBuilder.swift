// SPDX-License-Identifier: MIT
import Foundation

/// A cluster file as text.
struct ClusterFileBuilder {
    struct Worker {
        var name: String
        var address: String
        var layers: String?
        var memory: String?
        var isSpare = false
    }

    var cluster = "tests"
    var model: String? = Programs.model
    var keyFile: String?
    var workers: [Worker] = []
    /// Lines that stand before the list of workers as they are.
    var extraLines: [String] = []

    var text: String {
        var lines = ["cluster: \(cluster)"]
        if let model { lines.append("model: \(model)") }
        if let keyFile { lines.append("key_file: \(keyFile)") }
        lines += extraLines + ["workers:"]
        for worker in workers {
            lines += ["  - name: \(worker.name)", "    address: \(worker.address)"]
            if let layers = worker.layers { lines.append("    layers: \(layers)") }
            if let memory = worker.memory { lines.append("    memory: \(memory)") }
            if worker.isSpare { lines.append("    spare: true") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Writes the file under a name of its own.
    ///
    /// - Returns: its path.
    func write(in directory: TemporaryDirectory) throws -> String {
        try directory.write(text, to: "workers-\(UUID().uuidString).yaml")
    }
}
