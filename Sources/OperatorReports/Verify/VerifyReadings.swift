// SPDX-License-Identifier: MIT
package import OperatorLogic

/// What one side of a comparison has brought.
package struct VerifyReadings: Equatable, Sendable {
    /// Of each case.
    package var traces: [TokenTrace]
    /// Of each window of the text, for every token after its first.
    package var scores: [[Float]]

    package init(traces: [TokenTrace] = [], scores: [[Float]] = []) {
        self.traces = traces
        self.scores = scores
    }
}
