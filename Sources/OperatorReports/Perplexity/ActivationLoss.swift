// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetEngine

/// What a text's perplexity is with activations in int8, beside that with activations as they are.
package struct ActivationLoss: Equatable, Sendable {
    /// Values that share a scale.
    package var group: Int
    package var result: Perplexity
    package var exact: Perplexity

    package init(group: Int, result: Perplexity, exact: Perplexity) {
        self.group = group
        self.result = result
        self.exact = exact
    }

    private var changePercent: Double { (result.value / exact.value - 1) * 100 }

    /// For people.
    package var text: String {
        let change = changePercent
        return
            "activations as they are: perplexity \(exact.value.text(places: 5)) over \(exact.tokenCount) tokens; "
            + "int8 in groups of \(group): \(change >= 0 ? "+" : "")\(change.text(places: 4)) %\n"
    }

    /// For programs.
    package var json: JSONValue {
        .object([
            ("activation_group", .integer(group)), ("perplexity", .number(result.value)),
            ("exact_perplexity", .number(exact.value)), ("tokens", .integer(exact.tokenCount)),
            ("change_percent", .number(changePercent)),
        ])
    }
}
