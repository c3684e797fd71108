// SPDX-License-Identifier: MIT
import BitNetCore
import OperatorLogic

extension VerifyReport {
    /// For people.
    package var text: String {
        let cut = cuts.isEmpty ? "no cut" : "cut before \(cuts.map(String.init).joined(separator: ","))"
        let subject =
            "\(model): \(plural(stages, "stage")), \(cut), context \(contextLength), KV cache \(cacheType)"
        return PrintableText.line(subject) + "\n" + table.text + verdict + "\n" + (perplexity?.text ?? "")
    }

    private static let promptWidth = 36

    private var table: Table<String> {
        var table = Table(["prompt", "mode", "tokens", "cluster and one process"], others: .right)
        table.columns[0].widthMin = Self.promptWidth
        for row in rows {
            let prompt = PrintableText.line(row.prompt.replacing("\n", with: " "))
            table.add([
                prompt.clipped(to: Self.promptWidth), row.mode, "\(row.tokens)",
                row.difference?.text ?? "identical",
            ])
        }
        return table
    }

    private var verdict: String {
        let differing = rows.count { !$0.isIdentical }
        guard differing == 0 else { return "DIFFERENT: \(differing) of \(rows.count) texts" }
        let total = rows.reduce(0) { $0 + $1.tokens }
        return "identical: \(total) tokens and their log-probabilities, to the last bit"
    }
}

extension VerifyReport.Loss {
    fileprivate var text: String {
        "perplexity over \(tokens) tokens in windows of \(window): cluster \(cluster.text(places: 5)), one process "
            + "without cuts \(oneProcess.text(places: 5)); int8 hops cost \(changePercent >= 0 ? "+" : "")"
            + "\(changePercent.text(places: 4)) %\n"
    }
}

extension TokenTrace.Difference {
    fileprivate var text: String {
        func side(_ entry: Entry?) -> String {
            entry.map { "“\(PrintableText.line($0.token).clipped(to: 16))” \($0.logProbability)" }
                ?? "the end"
        }
        return "differ at token \(place): \(side(cluster)) and \(side(local))"
    }
}
