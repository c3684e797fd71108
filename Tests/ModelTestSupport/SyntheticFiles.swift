// SPDX-License-Identifier: MIT

package import BitNetSynthesis
package import TestSupport

/// A synthetic model of two layers whose widths go with every type.
package func smallModel(
    family: String = "bitnet-b1.58", seed: UInt64 = 7,
    _ change: (inout SyntheticModel.Changes) -> Void = { _ in }
) throws -> SyntheticModel {
    var changes = SyntheticModel.Changes()
    changes.hidden = 256
    changes.feedForward = 256
    changes.heads = 4
    changes.keyValueHeads = 2
    changes.vocabulary = 300
    changes.family = family
    change(&changes)
    return try SyntheticModel(.tiny, changes, seed: seed)
}

/// A model in a directory of its own, as `model.gguf` or as the directory.
package func written(
    _ model: SyntheticModel, _ format: SyntheticFormat, parts: Int = 1, threads: Int = 2
) async throws -> TemporaryFolder {
    let directory = try TemporaryFolder()
    let path = format.kind.isDirectory ? directory.path : "\(directory.path)/model.gguf"
    try await model.output(format, path: path, parts: parts).write(overwrites: false, threads: threads)
    return directory
}
