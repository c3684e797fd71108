// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetEngine
import BitNetFormats

/// What a text's perplexity is with some cuts, beside that without any.
package struct CutPerplexity: Equatable, Sendable {
    /// Layers before which stages begin.
    package var cuts: [Int]
    package var result: Perplexity
    package var uncut: Perplexity

    package init(cuts: [Int], result: Perplexity, uncut: Perplexity) {
        self.cuts = cuts
        self.result = result
        self.uncut = uncut
    }

    /// What the cuts cost.
    private var changePercent: Double { (result.value / uncut.value - 1) * 100 }

    /// For people.
    package var text: String {
        let label =
            cuts.isEmpty ? "no cut" : "cut before \(cuts.map(String.init).joined(separator: ","))"
        let change = changePercent
        return "\(label): perplexity \(result.value.text(places: 5)) over \(result.tokenCount) tokens"
            + (cuts.isEmpty ? "\n" : ", \(change >= 0 ? "+" : "")\(change.text(places: 4)) %\n")
    }

    /// For programs.
    package var json: JSONValue {
        .object([
            ("cuts", .list(cuts.map(JSONValue.integer))), ("perplexity", .number(result.value)),
            ("tokens", .integer(result.tokenCount)), ("nll", .number(result.negativeLogLikelihood)),
            ("change_percent", .number(changePercent)),
        ])
    }
}
