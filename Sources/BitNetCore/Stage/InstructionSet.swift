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
                addOnly: .init(columns: 64, byteCount: 64), dot: .init(columns: 64, byteCount: 64))
        case .avx2: .twoBits(tileRows: 32, stepGroups: 2, codeByteCount: 4)
        case .avx512bw: .twoBits(tileRows: 64, stepGroups: 2, codeByteCount: 4)
        case .avx512:
            ResidentLayout(
                tileRows: 64, weights: .init(columns: 20, byteCount: 4),
                addOnly: .init(columns: 20, byteCount: 1024), dot: .init(columns: 20, byteCount: 20))
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

    package init(tileRows: Int, weights: Steps, addOnly: Steps, dot: Steps) {
        self.tileRows = tileRows
        self.weights = weights
        self.addOnly = addOnly
        self.dot = dot
    }

    /// Two bits a weight, a byte for a group of four columns; groups come in steps.
    fileprivate static func twoBits(tileRows: Int, stepGroups: Int, codeByteCount: Int) -> ResidentLayout {
        ResidentLayout(
            tileRows: tileRows, weights: Steps(columns: 4 * stepGroups, byteCount: stepGroups),
            addOnly: Steps(columns: 4, byteCount: 64),
            dot: Steps(columns: 4 * stepGroups, byteCount: 4 * codeByteCount))
    }

    /// Bytes of a ternary matrix.
    package func byteCount(rows: Int, columns: Int) -> Int {
        rows.roundedUp(to: tileRows) * weights.byteCount(columns: columns)
    }
}
