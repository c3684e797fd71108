// SPDX-License-Identifier: MIT

/// How the last stage finds tokens in the output head.
///
/// Raw values are what options, documents and messages call it.
package enum HeadType: String, CaseIterable, Sendable {
    /// Every logit from the table.
    case exact
    /// The largest logits by an int8 copy of the table, those from the table itself: the same tokens, read from
    /// a half of a 16-bit table's bytes.
    ///
    /// What needs all logits still uses the table.
    case fast

    /// The most tokens that can be asked for by the copy.
    private static let candidatesMax = 1024

    /// Rows of the copy that stand together.
    private static let tileRows = 32

    /// Bytes that this takes beside the table `[rows, columns]`: one for each value, in groups of four columns,
    /// and three floats for each row.
    package func byteCount(rows: Int, columns: Int) -> UInt64 {
        guard self == .fast else { return 0 }
        return UInt64(clamping: rows.roundedUp(to: Self.tileRows) * (columns.roundedUp(to: 4) + 3 * 4))
    }

    /// Bytes of working memory for `tokens` tokens at a time: what is known of each, its two halves in int8, and
    /// the lower bounds of groups of rows.
    package func scratchByteCount(rows: Int, columns: Int, tokens: Int) -> Int {
        guard self == .fast else { return 0 }
        let padded = rows.roundedUp(to: Self.tileRows)
        let bounds = min(max(8 * Self.candidatesMax + Self.tileRows, padded / 16), padded)
        return (48 * tokens).roundedUp(to: 64) + (2 * tokens * columns.roundedUp(to: 4)).roundedUp(to: 64)
            + 4 * tokens * bounds
    }
}
