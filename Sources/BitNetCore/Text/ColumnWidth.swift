// SPDX-License-Identifier: MIT

extension Unicode.Scalar {
    /// Columns that a terminal gives it: none for marks on the character before, two for East Asian wide ones.
    var columns: Int {
        if value < 0x300 { return 1 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        return Self.wideRanges.contains { $0.contains(value) } ? 2 : 1
    }

    /// Blocks of Unicode's East_Asian_Width W and F, rounded up to whole blocks.
    private static let wideRanges: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x231A...0x231B, 0x23E9...0x23F3, 0x25FD...0x25FE, 0x2614...0x2615, 0x2648...0x2653,
        0x267F...0x27BF, 0x2B1B...0x2B1C, 0x2B50...0x2B55, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF,
        0xA960...0xA97F, 0xAC00...0xD7FB, 0xF900...0xFAFF, 0xFE10...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
        0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F000...0x1FAFF, 0x20000...0x3FFFD,
    ]
}

extension StringProtocol {
    /// Columns that a terminal gives the text; it must be one printable line.
    package var columns: Int {
        unicodeScalars.reduce(0) { $0 + $1.columns }
    }

    /// The text itself if it fits, else its beginning and an ellipsis.
    package func clipped(to limit: Int) -> String {
        guard limit > 0 else { return "" }
        guard columns > limit else { return String(self) }
        var result = ""
        var used = 0
        for character in self {
            let next = String(character).columns
            guard used + next < limit else { break }
            result.append(character)
            used += next
        }
        return result + "…"
    }
}
