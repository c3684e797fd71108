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

    /// Bytes of scaled groups hold five columns each and come in pairs; or groups are kept as columns without groups are.
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
        let groupByteCount =
            padsGroups
            ? 2 * GroupPairs.count(group) : weights.byteCount(columns: group)
        return rows.roundedUp(to: tileRows) * (columns / group) * (groupByteCount + scaleByteCount)
            + rowScales
    }

    /// Bytes of one token's codes, arranged for matrices of groups, or without groups.
    ///
    /// - Parameter group: columns; 0 without groups.
    package func arrangedByteCount(isDot: Bool, columns: Int, group: Int) -> Int {
        guard padsGroups, group > 0 else { return (isDot ? dot : addOnly).byteCount(columns: columns) }
        let pairs = GroupPairs.count(group)
        // Without the dot product a table for each byte; with it 20 codes for two pairs, 12 for one that is alone.
        let groupByteCount =
            isDot
            ? pairs / 2 * dot.byteCount + pairs % 2 * 12
            : 2 * pairs * (addOnly.byteCount / weights.byteCount)
        return columns / group * groupByteCount
    }
}

/// Groups of scaled columns whose bytes, of five weights each, come in pairs.
private enum GroupPairs {
    static func count(_ group: Int) -> Int { ((group + 4) / 5).roundedUp(to: 2) / 2 }
}
