// SPDX-License-Identifier: MIT

/// What came of a simulation.
package struct SimulationReport: Equatable, Sendable {
    /// Shares of sorted figures; all 0 if there are none.
    package struct Spread: Equatable, Sendable {
        package let median: Double
        package let ninety: Double
        package let ninetyNine: Double
        package let largest: Double

        init(_ values: [Double]) {
            let sorted = values.sorted()
            /// The smallest of the values that at least this share does not exceed.
            func share(_ share: Double) -> Double {
                guard !sorted.isEmpty else { return 0 }
                let rank = Int((share * Double(sorted.count)).rounded(.up))
                return sorted[min(max(rank - 1, 0), sorted.count - 1)]
            }
            median = share(0.5)
            ninety = share(0.9)
            ninetyNine = share(0.99)
            largest = sorted.last ?? 0
        }
    }

    /// Requests that ran to their end.
    package let finishedCount: Int
    package let refusedCount: Int
    /// Tokens that were generated.
    package let tokenCount: Int
    package let stepCount: Int
    /// From the first arrival to the last token, seconds.
    package let durationSeconds: Double
    /// Tokens per second while all requests decode: between the last first token and the first end; `nil` if
    /// they never all did.
    package let steadyTokensPerSecond: Double?
    /// Part of the duration that each stage computed.
    package let busyShares: [Double]
    /// Part of the duration that each link carried something: to the first stage, between the stages, back.
    package let linkBusyShares: [Double]
    /// Mean time that a step lay before each stage, seconds.
    package let waitSeconds: [Double]
    /// From arrival to first token, seconds.
    package let firstToken: Spread
    /// Between two tokens of a sequence, seconds.
    package let gap: Spread

    package var tokensPerSecond: Double { durationSeconds > 0 ? Double(tokenCount) / durationSeconds : 0 }

    init(
        requests: [Simulation.Request], tokenSeconds: [[Double]], finishSeconds: [Double?], refusedCount: Int,
        pipeline: SimulatedPipeline
    ) {
        self.refusedCount = refusedCount
        finishedCount = finishSeconds.count { $0 != nil }
        tokenCount = tokenSeconds.reduce(0) { $0 + $1.count }
        stepCount = pipeline.stepCount
        let start = requests.map(\.arrivalSeconds).min() ?? 0
        let end = finishSeconds.compactMap(\.self).max() ?? start
        let duration = max(end - start, 0)
        durationSeconds = duration
        let firsts = zip(requests, tokenSeconds).compactMap { request, tokens in
            tokens.first.map { $0 - request.arrivalSeconds }
        }
        firstToken = Spread(firsts)
        gap = Spread(tokenSeconds.flatMap { tokens in zip(tokens, tokens.dropFirst()).map { $1 - $0 } })
        steadyTokensPerSecond = Self.steady(tokenSeconds)
        busyShares = pipeline.stageBusySeconds.map { duration > 0 ? $0 / duration : 0 }
        linkBusyShares = pipeline.linkBusySeconds.map { duration > 0 ? $0 / duration : 0 }
        let steps = Double(max(pipeline.stepCount, 1))
        waitSeconds = pipeline.stageWaitSeconds.map { $0 / steps }
    }

    private static func steady(_ tokenSeconds: [[Double]]) -> Double? {
        let running = tokenSeconds.filter { !$0.isEmpty }
        guard let from = running.compactMap(\.first).max(), let until = running.compactMap(\.last).min(),
            until > from
        else { return nil }
        // Whole gaps only: sequences whose tokens come together would else be counted once too often or too
        // seldom.
        var rate = 0.0
        for tokens in running {
            let inside = tokens.filter { $0 >= from && $0 <= until }
            guard inside.count > 1, let first = inside.first, let last = inside.last, last > first else {
                return nil
            }
            rate += Double(inside.count - 1) / (last - first)
        }
        return rate
    }
}
