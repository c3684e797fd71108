// SPDX-License-Identifier: MIT
import BitNetCore

extension Generator {
    func take(_ outcome: StepOutcome, _ state: inout State) {
        state.meter.receive(outcome, at: .now)
        perform(state.schedule?.received(outcome) ?? [], &state)
    }

    func perform(_ directives: [GenerationSchedule.Directive], _ state: inout State) {
        for directive in directives {
            switch directive {
            case .send(let item):
                if case .step(let step) = item { state.meter.send(step, at: .now) }
                state.pipeline?.send(item)
            case .scored(let id, let scores):
                state.sequences[id]?.take(scores: scores)
            case .token(let id, let token, let logProbability, let alternatives):
                let now = state.mark
                guard var sequence = state.sequences[id] else { continue }
                let isStopped = sequence.take(
                    token: token, logProbability: logProbability, alternatives: alternatives, at: now)
                state.count(sequence) {
                    $0.token(after: sequence.lastTokenTime, isFirst: sequence.tokenCount == 1)
                }
                state.sequences[id] = sequence
                guard isStopped else { continue }
                finish(id, .stop, isStopped: true, &state)
                perform(state.schedule?.cancel(id) ?? [], &state)
            case .finished(let id, let reason):
                finish(id, reason, isStopped: false, &state)
            case .shared(let id, let tokenCount):
                state.sequences[id]?.share(tokenCount: tokenCount)
            case .drafted(let id, let accepted, let rejected):
                guard let sequence = state.sequences[id] else { continue }
                state.count(sequence) { $0.draft(accepted: accepted, rejected: rejected) }
                state.sequences[id]?.draft(accepted: accepted, rejected: rejected)
            case .refused(let id, let refusal):
                guard let sequence = state.sequences.removeValue(forKey: id) else { continue }
                state.count(sequence) { ledger in
                    switch refusal.code {
                    case .overloaded: ledger.refuse()
                    case .failed, .notFinite: ledger.fail()
                    case .invalid, .tooLong: break
                    }
                }
                sequence.fail(GenerationError(refusal))
            case .violation(let message):
                state.violation = GenerationError(.failed, message)
                // Nothing that comes from it can be trusted any more: who serves wants another one.
                Task { [pipeline = state.pipeline] in await pipeline?.close() }
            }
        }
    }

    private func finish(_ id: UInt64, _ reason: FinishReason, isStopped: Bool, _ state: inout State) {
        guard var sequence = state.sequences.removeValue(forKey: id) else { return }
        state.count(sequence) { $0.finish(reason) }
        sequence.finish(reason, isStopped: isStopped, at: state.mark)
    }
}
