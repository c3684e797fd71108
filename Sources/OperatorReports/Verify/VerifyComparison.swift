// SPDX-License-Identifier: MIT
import AdminAPI
package import BitNetEngine
import OperatorLogic

/// What was compared, and what both sides have brought.
package struct VerifyComparison: Sendable {
    package var subject: VerifySubject
    package var cases: [VerifyCase]
    /// What the text that was only read is called.
    package var textName: String
    /// Of each window of that text, for every token after its first.
    package var tokenNames: [[String]]
    /// Tokens of a window.
    package var windowLength: Int
    package var cluster: VerifyReadings
    /// Of stages in this process, cut as the cluster's are.
    package var local: VerifyReadings
    /// The text's without any cut.
    package var uncut: Perplexity?

    package init(
        subject: VerifySubject, cases: [VerifyCase], textName: String, tokenNames: [[String]],
        windowLength: Int, cluster: VerifyReadings, local: VerifyReadings, uncut: Perplexity?
    ) {
        self.subject = subject
        self.cases = cases
        self.textName = textName
        self.tokenNames = tokenNames
        self.windowLength = windowLength
        self.cluster = cluster
        self.local = local
        self.uncut = uncut
    }

    package var report: VerifyReport {
        var rows: [VerifyReport.Row] = []
        for (item, sides) in zip(cases, zip(cluster.traces, local.traces)) {
            rows.append(Self.row(item.prompt, item.mode, sides.0, sides.1))
        }
        rows.append(Self.row(textName, "scores", trace(of: cluster.scores), trace(of: local.scores)))
        return VerifyReport(
            model: subject.status.model.name, stages: subject.plan.stages.count, cuts: subject.cuts,
            contextLength: subject.plan.contextLength, cacheType: subject.plan.cacheType, rows: rows,
            perplexity: loss)
    }

    private static func row(
        _ prompt: String, _ mode: String, _ cluster: TokenTrace, _ local: TokenTrace
    ) -> VerifyReport.Row {
        let difference = cluster.difference(from: local)
        return .init(
            prompt: prompt, mode: mode, tokens: difference?.place ?? cluster.count,
            isIdentical: difference == nil, difference: difference)
    }

    private func trace(of scores: [[Float]]) -> TokenTrace {
        var trace = TokenTrace()
        for (name, score) in zip(tokenNames.joined(), scores.joined()) { trace.append(name, score) }
        return trace
    }

    private var loss: VerifyReport.Loss? {
        guard let measured = Perplexity(scores: cluster.scores), let uncut else { return nil }
        return .init(
            tokens: measured.tokenCount, window: windowLength, cluster: measured.value,
            oneProcess: uncut.value, changePercent: (measured.value / uncut.value - 1) * 100)
    }
}
