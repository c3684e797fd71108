// SPDX-License-Identifier: MIT

import BitNetCore
import TextGeneration

/// Sequences on a simulated pipeline, driven by the schedule that drives real ones.
package struct Simulation {
    package struct Request: Equatable, Sendable {
        /// When it is submitted, seconds.
        package var arrivalSeconds: Double
        /// Tokens of the prompt, at least 1.
        package var promptCount: Int
        /// Tokens to generate.
        package var tokenCount: Int

        package init(arrivalSeconds: Double = 0, promptCount: Int, tokenCount: Int) {
            self.arrivalSeconds = arrivalSeconds
            self.promptCount = promptCount
            self.tokenCount = tokenCount
        }
    }

    private var pipeline: SimulatedPipeline
    private var schedule: GenerationSchedule
    private let requests: [Request]
    /// When each token of each request came.
    private var tokenSeconds: [[Double]]
    private var finishSeconds: [Double?]
    private var refusedCount = 0
    /// Steps under way, with the time at which they are back; the earliest first.
    private var outcomes: [(time: Double, outcome: StepOutcome)] = []
    private var nextOutcome = 0

    /// - Parameters:
    ///   - slotCount: sequences that run at the same time.
    ///   - groupCount: as of the schedule.
    package init(
        _ pipeline: SimulatedPipeline, requests: [Request], slotCount: Int,
        contextLength: Int = Limits.contextMax, prefillChunk: Int = 64, groupCount: Int? = nil
    ) {
        self.pipeline = pipeline
        self.requests = requests
        schedule = GenerationSchedule(
            stageCount: pipeline.stages.count, slotCount: slotCount, contextLength: contextLength,
            prefillChunk: prefillChunk, groupCount: groupCount, waitingMax: requests.count)
        tokenSeconds = [[Double]](repeating: [], count: requests.count)
        finishSeconds = [Double?](repeating: nil, count: requests.count)
    }

    /// Runs until every request is through.
    package mutating func run() -> SimulationReport {
        let arrivals = requests.indices.sorted {
            (requests[$0].arrivalSeconds, $0) < (requests[$1].arrivalSeconds, $1)
        }
        var nextArrival = 0
        while true {
            let arrival = nextArrival < arrivals.count ? arrivals[nextArrival] : nil
            let outcome = nextOutcome < outcomes.count ? outcomes[nextOutcome] : nil
            if let arrival, outcome.map({ requests[arrival].arrivalSeconds <= $0.time }) ?? true {
                nextArrival += 1
                let request = Self.request(requests[arrival], id: arrival)
                take(schedule.submit(request), at: requests[arrival].arrivalSeconds)
            } else if let outcome {
                nextOutcome += 1
                if nextOutcome > 1024 {
                    outcomes.removeFirst(nextOutcome)
                    nextOutcome = 0
                }
                take(schedule.received(outcome.outcome), at: outcome.time)
            } else {
                return report
            }
        }
    }

    private static func request(_ request: Request, id: Int) -> SequenceRequest {
        var sampling = SamplingParameters()
        sampling.wantsLogProbabilities = false
        // Every prompt is of its own: nothing is shared.
        return SequenceRequest(
            id: UInt64(id), prompt: [UInt32](repeating: UInt32(id), count: max(request.promptCount, 1)),
            tokenCountMax: request.tokenCount, sampling: sampling)
    }

    private mutating func take(_ directives: [GenerationSchedule.Directive], at now: Double) {
        for directive in directives {
            switch directive {
            case .send(.step(let step)):
                let back = pipeline.send(step, at: now)
                let results = step.entries.filter { $0.output != .none }.map {
                    StepResult(slot: $0.slot, position: $0.position, token: 0, logProbability: nil)
                }
                outcomes.append((back, StepOutcome(id: step.id, results: results, traces: [])))
            case .send, .scored, .shared, .drafted:
                continue
            case .token(let id, _, _, _):
                tokenSeconds[Int(id)].append(now)
            case .finished(let id, _):
                finishSeconds[Int(id)] = now
            case .refused:
                refusedCount += 1
            case .violation(let reason):
                preconditionFailure("a simulated pipeline broke its word: \(reason)")
            }
        }
    }

    private var report: SimulationReport {
        SimulationReport(
            requests: requests, tokenSeconds: tokenSeconds, finishSeconds: finishSeconds,
            refusedCount: refusedCount, pipeline: pipeline)
    }
}
