// SPDX-License-Identifier: MIT

/// What kernels are written for; each keeps weights and activations in an order of its own.
///
/// Raw values are what workers call it.
package enum InstructionSet: String, CaseIterable, Sendable {
    case scalar
    case avx2
    /// AVX-512 without VBMI.
    case avx512bw
    case avx512
    case neon
    /// NEON with the dot product of ARMv8.2.
    case neonDot = "neon-dot"

    package var layout: ResidentLayout {
        switch self {
        case .scalar:
            ResidentLayout(
                tileRows: 1, weights: .init(columns: 64, byteCount: 16),
                addOnly: .init(columns: 64, byteCount: 64), dot: .init(columns: 64, byteCount: 64),
                padsGroups: false)
        case .avx2: .twoBits(tileRows: 32, stepGroups: 2, codeByteCount: 4)
        case .avx512bw: .twoBits(tileRows: 64, stepGroups: 2, codeByteCount: 4)
        case .avx512:
            ResidentLayout(
                tileRows: 64, weights: .init(columns: 20, byteCount: 4),
                addOnly: .init(columns: 20, byteCount: 1024), dot: .init(columns: 20, byteCount: 20),
                padsGroups: true)
        case .neon: .twoBits(tileRows: 16, stepGroups: 1, codeByteCount: 1)
        case .neonDot: .twoBits(tileRows: 16, stepGroups: 4, codeByteCount: 4)
        }
    }
}

/// How kernels keep ternary matrices, and the int8 codes that these are multiplied with.
package struct ResidentLayout: Equatable, Sendable {
    /// A row, or a token, is whole steps of so many columns, each of so many bytes.
    package struct Steps: Equatable, Sendable {
        package var columns: Int
        package var byteCount: Int

        package init(columns: Int, byteCount: Int) {
            self.columns = columns
            self.byteCount = byteCount
        }

        package func byteCount(columns count: Int) -> Int {
            count.roundedUp(to: columns) / columns * byteCount
        }
    }

    /// Rows that stand together; a matrix is whole tiles.
    package var tileRows: Int
    /// One row's weights.
    package var weights: Steps
    /// One token's codes as the add-only product wants them: tables of their sums.
    package var addOnly: Steps
    /// One token's codes as the dot product wants them.
    package var dot: Steps

    /// Scaled groups are kept in chunks of 256 columns, five to a byte, scales in steps of their own; or as columns
    /// without groups are, with the scales beside them.
    package var padsGroups: Bool

    package init(tileRows: Int, weights: Steps, addOnly: Steps, dot: Steps, padsGroups: Bool) {
        self.tileRows = tileRows
        self.weights = weights
        self.addOnly = addOnly
        self.dot = dot
        self.padsGroups = padsGroups
    }

    /// Two bits a weight, a byte for a group of four columns; groups come in steps.
    fileprivate static func twoBits(tileRows: Int, stepGroups: Int, codeByteCount: Int) -> ResidentLayout {
        ResidentLayout(
            tileRows: tileRows, weights: Steps(columns: 4 * stepGroups, byteCount: stepGroups),
            addOnly: Steps(columns: 4, byteCount: 64),
            dot: Steps(columns: 4 * stepGroups, byteCount: 4 * codeByteCount), padsGroups: false)
    }

    /// Bytes of a ternary matrix.
    package func byteCount(rows: Int, columns: Int) -> Int {
        rows.roundedUp(to: tileRows) * weights.byteCount(columns: columns)
    }

    /// Bytes of a ternary matrix that is multiplied group by group.
    ///
    /// - Parameters:
    ///   - group: columns, 64, 128 or 256.
    ///   - scaleByteCount: of one group's scale; 0 if each row has one, of four bytes.
    package func byteCount(rows: Int, columns: Int, group: Int, scaleByteCount: Int) -> Int {
        let rowScales = scaleByteCount == 0 ? 4 * rows : 0
        let tiled = rows.roundedUp(to: tileRows)
        guard padsGroups else {
            return tiled * (weights.byteCount(columns: columns) + columns / group * scaleByteCount)
                + rowScales
        }
        let chunk = GroupChunk(group: group)
        let scales = (chunk.groupCount * scaleByteCount).roundedUp(to: weights.byteCount)
        return tiled * GroupChunk.count(columns: columns) * (chunk.weightByteCount + scales) + rowScales
    }

    /// Bytes of one token's codes, arranged for matrices of groups, or without groups.
    ///
    /// - Parameter group: columns; 0 without groups.
    package func arrangedByteCount(isDot: Bool, columns: Int, group: Int) -> Int {
        guard padsGroups, group > 0 else { return (isDot ? dot : addOnly).byteCount(columns: columns) }
        let chunk = GroupChunk(group: group)
        let perChunk =
            isDot
            ? chunk.quadByteCount
            : chunk.weightByteCount / weights.byteCount * addOnly.byteCount
        return GroupChunk.count(columns: columns) * perChunk
    }
}

/// How 256 columns of scaled groups are kept where groups are padded to whole pairs of bytes, five weights each.
private struct GroupChunk {
    let group: Int

    static func count(columns: Int) -> Int { columns.roundedUp(to: 256) / 256 }

    var groupCount: Int { 256 / group }
    /// Of one group.
    private var pairCount: Int { ((group + 4) / 5).roundedUp(to: 2) / 2 }
    /// Of one row.
    var weightByteCount: Int { groupCount * pairCount * 2 }

    /// What the dot product reads of a token: 20 codes for two pairs of the same group that stand together, 12 for a
    /// pair that is alone.
    var quadByteCount: Int {
        (0..<groupCount).reduce(0) { sum, index in
            let (first, end) = (index * pairCount, (index + 1) * pairCount)
            let whole = end / 2 - (first + 1) / 2
            return sum + 20 * whole + 12 * (first % 2 + end % 2)
        }
    }
}
