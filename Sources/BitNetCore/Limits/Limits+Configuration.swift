// SPDX-License-Identifier: MIT

/// Bounds of the files that an operator writes.
extension Limits {
    /// workers.yaml, bytes.
    package static let configBytesMax = 1 << 20
    /// A file of up to so many bytes is read at once; a larger one is mapped.
    package static let fileReadAtOnceBytesMax = 1 << 20
    /// The longest path that Linux takes, bytes.
    package static let pathBytesMax = 4095
    /// The secret of a cluster, bytes: enough to be no password, and no model file by mistake.
    package static let clusterKeyBytes = 32...4096

    // MARK: YAML (what its parser recurses into; a cluster file has three levels)

    /// Levels of brackets.
    package static let yamlFlowDepthMax = 8
    /// Columns of indentation, which bounds the levels of blocks.
    package static let yamlIndentationMax = 64
    /// Levels that one line opens with `-` or `?`.
    package static let yamlLineIndicatorsMax = 4
}
