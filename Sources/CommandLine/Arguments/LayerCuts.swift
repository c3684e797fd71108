// SPDX-License-Identifier: MIT
import ArgumentParser

/// Layers before which a model is cut, as a command line names them: `3,6`.
package struct LayerCuts: Equatable, Sendable {
    package let layers: [Int]

    /// - Throws: a usage error for what is no number.
    package init(parsing text: String) throws {
        layers = try text.split(separator: ",").map { item in
            guard let layer = Int(item, radix: 10) else {
                throw ValidationError("--cuts: “\(item)” is not a layer number")
            }
            return layer
        }
    }
}
