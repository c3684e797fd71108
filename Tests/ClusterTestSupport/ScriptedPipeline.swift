// SPDX-License-Identifier: MIT
package import BitNetCore
import Synchronization
package import Testing

/// Stages that answer a step when a test says so; a token's position says which token comes next.
package final class ScriptedPipeline: StepPipeline {
    private struct State {
        var items: [PipelineItem] = []
        var unanswered: [Step] = []
        var alternativeCounts: [UInt32: UInt32] = [:]
    }

    package init() {}

    package let stageCount = 3
    private let state = Mutex(State())
    private let outcomes = OutcomeRelay()

    /// Everything that was sent so far.
    package var items: [PipelineItem] { state.withLock(\.items) }

    package static func token(after position: UInt32) -> UInt32 { 300 + position % 500 }

    package func send(_ item: PipelineItem) {
        state.withLock { state in
            state.items.append(item)
            switch item {
            case .open(let opening): state.alternativeCounts[opening.slot] = opening.sampling.alternativeCount
            case .step(let step): state.unanswered.append(step)
            case .close: break
            }
        }
    }

    /// Lets the oldest step that is under way come back.
    ///
    /// - Returns: `false` if there is none.
    package func answer() -> Bool {
        let outcome = state.withLock { state -> StepOutcome? in
            guard !state.unanswered.isEmpty else { return nil }
            let step = state.unanswered.removeFirst()
            let results = step.entries.compactMap { entry -> StepResult? in
                let count = state.alternativeCounts[entry.slot] ?? 0
                let alternatives = (0..<count).map { TokenScore(token: $0, logProbability: -Float($0)) }
                switch entry.output {
                case .none: return nil
                case .sample:
                    return StepResult(
                        slot: entry.slot, position: entry.position, token: Self.token(after: entry.position),
                        logProbability: -0.5, alternatives: alternatives)
                case .score(let target):
                    return StepResult(
                        slot: entry.slot, position: entry.position, token: target,
                        logProbability: -Float(target), alternatives: alternatives)
                }
            }
            return StepOutcome(id: step.id, results: results, traces: [])
        }
        guard let outcome else { return false }
        outcomes.deliver(outcome)
        return true
    }

    /// Lets a step come back that was never sent.
    package func answerFalsely() {
        outcomes.deliver(StepOutcome(id: 1 << 40, results: [], traces: []))
    }

    package func run(_ receive: @escaping @Sendable (StepOutcome) -> Void) async throws {
        try await outcomes.run(receive)
    }

    package func close() async { outcomes.finish() }

    /// Answers whatever comes as long as `body` runs.
    package func answering<Result: Sendable>(
        while body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    if !self.answer() { try? await Task.sleep(for: .milliseconds(1)) }
                }
                return nil
            }
            group.addTask { try await body() }
            let result = try await group.next()
            group.cancelAll()
            return try #require(result ?? nil)
        }
    }

    /// Waits until `isSo` holds of the items.
    package func until(
        _ what: Comment, _ isSo: @escaping @Sendable ([PipelineItem]) -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while !isSo(items) {
            try #require(.now < deadline, what)
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}

extension PipelineItem {
    /// Whether it is a step that computes something of `slot`.
    package func computes(_ slot: UInt32) -> Bool {
        guard case .step(let step) = self else { return false }
        return step.entries.contains { $0.slot == slot }
    }

    package var opening: Opening? {
        guard case .open(let opening) = self else { return nil }
        return opening
    }
}
