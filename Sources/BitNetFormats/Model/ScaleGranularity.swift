// SPDX-License-Identifier: MIT

import BitNetCore

/// How many weights of a matrix share a scale, from the most to the fewest.
enum ScaleGranularity: Int, Comparable {
    case matrix, row, group256, group128, group64

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// Weights along a row; `nil` for all of them.
    var group: Int? {
        switch self {
        case .matrix, .row: nil
        case .group256: 256
        case .group128: 128
        case .group64: 64
        }
    }

    /// How a part holds a matrix of this granularity.
    func encoding(isHalf: Bool) -> TensorEncoding {
        switch self {
        case .matrix: .t5
        case .row: .t5Rows
        case .group256: isHalf ? .t5Group256Half : .t5Group256
        case .group128: isHalf ? .t5Group128Half : .t5Group128
        case .group64: isHalf ? .t5Group64Half : .t5Group64
        }
    }

    /// The coarsest one at least as fine that divides rows of `columns`; `nil` if there is none.
    func dividing(_ columns: Int) -> Self? {
        [.matrix, .row, .group256, .group128, .group64].first {
            $0 >= self && columns.isMultiple(of: $0.group ?? 1)
        }
    }
}

/// What the scales of some rows tell of their matrix, each as it is stored; 0 where all weights are.
struct ScaleSurvey {
    private var common: UInt32 = 0
    private var isMatrix = true
    private var isRow = true
    private var is256 = true
    private var is128 = true

    /// - Parameter unit: weights that each of `scales` is of; they make up a whole row.
    mutating func add(_ scales: UnsafeBufferPointer<UInt32>, unit: Int) {
        isRow = isRow && Self.areEqual(scales)
        if let scale = scales.first(where: { $0 != 0 }) {
            if common == 0 { common = scale }
            isMatrix = isMatrix && isRow && scale == common
        }
        guard !isRow else { return }
        is256 = is256 && Self.areEqual(scales, in: 256 / unit)
        is128 = is128 && Self.areEqual(scales, in: 128 / unit)
    }

    /// The coarsest granularity that has been true of everything so far.
    var granularity: ScaleGranularity {
        if isMatrix { return .matrix }
        return isRow ? .row : is256 ? .group256 : is128 ? .group128 : .group64
    }

    /// Whether all are the same within every `count`, but for zeros.
    private static func areEqual(_ scales: UnsafeBufferPointer<UInt32>, in count: Int) -> Bool {
        guard count > 1 else { return true }
        // Rows may end within such a run, which then is no group.
        return stride(from: 0, to: scales.count, by: count).allSatisfy { start in
            areEqual(UnsafeBufferPointer(rebasing: scales[start..<min(start + count, scales.count)]))
        }
    }

    /// Whether all are the same, but for zeros.
    private static func areEqual(_ scales: UnsafeBufferPointer<UInt32>) -> Bool {
        var common: UInt32 = 0
        for scale in scales where scale != 0 {
            if common == 0 { common = scale }
            if scale != common { return false }
        }
        return true
    }
}
