// SPDX-License-Identifier: MIT
import OperatorReports

/// A text's perplexity as a running cluster has it.
struct ClusterPerplexity: Sendable {
    let model: GatewayModel
    /// Requests at a time: enough to fill a pipeline's stages, few enough to leave slots to others.
    static let requestsAtATime = 4

    /// Scores of each window's tokens after its first.
    func scores(_ windows: PerplexityWindows) async throws -> [[Float]] {
        try await concurrently(windows.prompts.count, limit: Self.requestsAtATime) { index in
            try await model.scores(of: windows.prompts[index])
        }
    }
}
