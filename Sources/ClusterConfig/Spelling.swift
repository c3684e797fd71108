// SPDX-License-Identifier: MIT

/// Finds what somebody probably meant.
enum Spelling {
    /// The candidate with the fewest letters inserted, dropped or replaced.
    static func nearest(to word: String, in candidates: [String]) -> String {
        let bounded = String(word.prefix(64))
        return candidates.min { distance(bounded, $0) < distance(bounded, $1) } ?? ""
    }

    /// Levenshtein's distance.
    static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let replaced = diagonal + (letter == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
