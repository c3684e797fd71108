// SPDX-License-Identifier: MIT
import BitNetCore

/// The generations of one request, which run side by side.
struct Generations: Sendable {
    private let generations: [GenerationEvents]
    /// Each generation's prompt as the model got it.
    let prompts: [[UInt32]]
    private let client: ClientConnection
    private let meter: AnswerMeter

    /// Returns once every generation was taken; if one is refused, none goes on.
    ///
    /// - Throws: ``GenerationError``, or ``ClientGone``.
    init(
        _ requests: [GenerationRequest], from generator: any TextGenerator, client: ClientConnection,
        meter: AnswerMeter
    ) async throws {
        let health = generator.health
        guard health.state == .serving || health.state == .recovering else {
            throw GenerationError(
                .unavailable, health.reason ?? "the service is \(health.state.rawValue)",
                retryAfter: .seconds(5))
        }
        self.client = client
        self.meter = meter
        (generations, prompts) = try await client.whileConnected {
            var generations: [GenerationEvents] = []
            var prompts: [[UInt32]] = []
            // One after the other: what does not fit is not made into tokens again for every choice.
            for request in requests {
                let events = try await RequestThreads.run(for: request.prompt.byteCount) {
                    generator.generate(request)
                }
                prompts.append(try await Self.start(of: events))
                generations.append(events)
            }
            return (generations, prompts)
        }
    }

    /// Waits for the first event, and leaves the others where they are.
    private static func start(of events: GenerationEvents) async throws -> [UInt32] {
        for try await case .started(let prompt) in events { return prompt }
        throw Task.isCancelled
            ? CancellationError() : GenerationError(.failed, "the generation ended before it began")
    }

    /// Calls `body` with every further event and the number of its generation, until all have finished.
    ///
    /// Whatever ends this ends the generations: an error, a client that leaves, one that reads too slowly.
    /// - Parameter silenceMax: at least so often there is an event, if only `.paused`.
    @concurrent func each(
        silenceMax: Duration = Limits.eventCommentInterval,
        _ body: @concurrent (Int, GenerationEvent) async throws -> Void
    ) async throws {
        var clocks = Array(repeating: AnswerMeter.TokenClock(), count: generations.count)
        func take(_ index: Int, _ event: GenerationEvent) async throws {
            if case .token(let token) = event { meter.countToken(at: token.time, &clocks[index]) }
            try await body(index, event)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await client.departure()
                let reason: any Error = Task.isCancelled ? CancellationError() : ClientGone()
                for events in generations { events.end(throwing: reason) }
            }
            defer { group.cancelAll() }
            if generations.count == 1 {
                group.addTask { try await remind(every: silenceMax) { generations[0].remind() } }
                return try await Self.read(generations[0]) { try await take(0, $0) }
            }
            let (merged, continuation) = Merged.makeStream(
                bufferingPolicy: .bufferingOldest(Limits.eventsWaitingMax))
            group.addTask { try await remind(every: silenceMax) { continuation.yield((0, .paused)) } }
            for (index, events) in generations.enumerated() {
                group.addTask { await Self.pass(events, index, to: continuation) }
            }
            var openCount = generations.count
            for try await (index, event) in merged {
                try await take(index, event)
                guard case .finished = event else { continue }
                openCount -= 1
                if openCount == 0 { return }
            }
            throw CancellationError()
        }
    }

    /// Who waits in the queue, or for a long prompt, is told that somebody is there: proxies cut silent answers off.
    private func remind(every silenceMax: Duration, _ body: () -> Void) async throws {
        let interval = min(silenceMax, Limits.presenceInterval)
        var silence: Duration = .zero
        while true {
            try await Task.sleep(for: interval)
            silence += interval
            guard silence >= silenceMax || client.isSilent else { continue }
            silence = .zero
            body()
        }
    }

    /// Calls `body` with every event up to `.finished`.
    private static func read(
        _ events: GenerationEvents, _ body: (GenerationEvent) async throws -> Void
    ) async throws {
        for try await event in events {
            try await body(event)
            if case .finished = event { return }
        }
        throw Task.isCancelled
            ? CancellationError() : GenerationError(.failed, "the generation ended without a reason")
    }

    private typealias Merged = AsyncThrowingStream<(Int, GenerationEvent), any Error>

    private static func pass(
        _ events: GenerationEvents, _ index: Int, to continuation: Merged.Continuation
    ) async {
        do {
            try await read(events) { event in
                guard case .enqueued = continuation.yield((index, event)) else {
                    throw GenerationError.unread
                }
            }
        } catch {
            continuation.finish(throwing: error)
        }
    }
}
