// SPDX-License-Identifier: MIT

/// What frames mean, as opposed to ``FrameHeader/version``, how they are delimited.
package enum ProtocolVersion {
    /// The versions that this release speaks.
    ///
    /// 2: a stage rounds at the ends of its segments; a worker that does not would write other text. 3: who dials proves
    /// itself first. 4: a hop keeps a block's outliers apart; a worker that does not would write other text. 5: a worker may
    /// serve several stages. 6: a worker may be given models that need more than one scale a matrix.
    package static let supported: ClosedRange<UInt32> = 4...groupScales

    /// Since when a worker may be given several stages, and a link says which one is meant.
    package static let severalStages: UInt32 = 5

    /// Since when a worker knows scales by row and by group, ternary embeddings and heads, norms of heads, scaled rotary
    /// embeddings and multipliers: all that ``ModelDescription/isPlain`` is without.
    package static let groupScales: UInt32 = 6
}
