// SPDX-License-Identifier: MIT

/// What somebody may have meant.
package enum Spelling {
    /// The one of `known` that is written most like `word`, of which 64 characters count.
    package static func nearest(to word: String, among known: some Sequence<String>) -> String? {
        let word = String(word.prefix(64))
        return known.map { (name: $0, distance: distance(word, $0)) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// Insertions, deletions and replacements of single characters that turn one word into the other
    /// (Levenshtein's distance).
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (index, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let replaced = diagonal + (character == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
