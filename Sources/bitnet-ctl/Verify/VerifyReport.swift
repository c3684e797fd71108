// SPDX-License-Identifier: MIT
import BitNetCore
import OperatorLogic

/// What a comparison has found; as JSON its keys are written in snake case.
struct VerifyReport: Encodable {
    struct Row: Encodable {
        var prompt: String
        /// `greedy`, `sampled`, or `scores` for the tokens of a text that was only read.
        var mode: String
        /// Tokens that are the same on both sides.
        var tokens: Int
        var isIdentical: Bool
        var difference: TokenTrace.Difference?
    }

    struct Loss: Encodable {
        var tokens: Int
        /// Tokens of a window.
        var window: Int
        var cluster: Double
        var oneProcess: Double
        /// What the int8 hops between the stages cost, per cent.
        var changePercent: Double
    }

    var model: String
    var stages: Int
    var cuts: [Int]
    var contextLength: Int
    var cacheType: String
    var rows: [Row]
    var perplexity: Loss?

    var isIdentical: Bool { rows.allSatisfy(\.isIdentical) }

    var text: String {
        var table = TextTable(["prompt", "mode", "tokens", "cluster and one process"])
        for row in rows {
            let prompt = PrintableText.line(row.prompt.replacing("\n", with: " ")).clipped(to: 36)
            table.add([
                prompt + String(repeating: " ", count: max(36 - prompt.columns, 0)), row.mode,
                "\(row.tokens)",
                row.difference.map(Self.text) ?? "identical",
            ])
        }
        let total = rows.reduce(0) { $0 + $1.tokens }
        let differing = rows.count { !$0.isIdentical }
        let stages = "\(self.stages) stage\(self.stages == 1 ? "" : "s")"
        let cut = cuts.isEmpty ? "no cut" : "cut before \(cuts.map(String.init).joined(separator: ","))"
        let verdict =
            differing == 0
            ? "identical: \(total) tokens and their log-probabilities, to the last bit"
            : "DIFFERENT: \(differing) of \(rows.count) texts"
        let loss = perplexity.map { loss in
            "perplexity over \(loss.tokens) tokens in windows of \(loss.window): cluster "
                + "\(loss.cluster.text(places: 5)), one process without cuts \(loss.oneProcess.text(places: 5)); int8 "
                + "hops cost \(loss.changePercent >= 0 ? "+" : "")\(loss.changePercent.text(places: 4)) %\n"
        }
        return
            "\(PrintableText.line(model)): \(stages), \(cut), context \(contextLength), KV cache \(cacheType)\n"
            + table.text + verdict + "\n" + (loss ?? "")
    }

    private static func text(_ difference: TokenTrace.Difference) -> String {
        func side(_ entry: TokenTrace.Difference.Entry?) -> String {
            entry.map { "“\(PrintableText.line($0.token).clipped(to: 16))” \($0.logProbability)" }
                ?? "the end"
        }
        return
            "differ at token \(difference.place): \(side(difference.cluster)) and \(side(difference.local))"
    }
}
