// SPDX-License-Identifier: MIT

/// Files of this repository.
package enum Repository {
    // Tests/TestSupport/Repository.swift
    private static let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()

    package static func path(of file: String) -> String { "\(root)/\(file)" }

    /// A model of three layers, whose sizes are no multiples of anything.
    package static let awkwardModel = path(of: "Tests/Golden/awkward-90.gguf")
    /// A trained model that writes stories, with a tokenizer.
    package static let storiesModel = path(of: "cluster/model/stories.gguf")
}
