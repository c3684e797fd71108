// SPDX-License-Identifier: MIT
import BitNetCore

/// The generations of one request, which run side by side.
struct Generations: Sendable {
    typealias Events = AsyncThrowingStream<GenerationEvent, any Error>

    private let streams: [Events]
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
        guard health.state == .serving else {
            throw GenerationError(
                .unavailable, health.reason ?? "the service is \(health.state.rawValue)",
                retryAfter: .seconds(5))
        }
        self.client = client
        self.meter = meter
        (streams, prompts) = try await client.whileConnected {
            var streams: [Events] = []
            var prompts: [[UInt32]] = []
            // One after the other: what does not fit is not made into tokens again for every choice.
            for request in requests {
                let stream = try await RequestThreads.run(for: request.prompt.byteCount) {
                    generator.generate(request)
                }
                prompts.append(try await Self.start(of: stream))
                streams.append(stream)
            }
            return (streams, prompts)
        }
    }

    /// Waits for the first event, and leaves the others where they are.
    private static func start(of stream: Events) async throws -> [UInt32] {
        for try await case .started(let prompt) in stream { return prompt }
        throw Task.isCancelled
            ? CancellationError() : GenerationError(.failed, "the generation ended before it began")
    }

    /// Calls `body` with every further event and the number of its generation, until all have finished.
    ///
    /// Whatever ends this ends the generations: an error, a client that leaves, one that reads too slowly.
    @concurrent func each(_ body: @concurrent (Int, GenerationEvent) async throws -> Void) async throws {
        let (events, continuation) = AsyncThrowingStream<(Int, GenerationEvent), any Error>.makeStream(
            bufferingPolicy: .bufferingOldest(Limits.eventsWaitingMax))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, stream) in streams.enumerated() {
                group.addTask { await pass(stream, index, to: continuation) }
            }
            group.addTask {
                await client.departure()
                continuation.finish(throwing: Task.isCancelled ? CancellationError() : ClientGone())
            }
            defer { group.cancelAll() }
            var openCount = streams.count
            for try await (index, event) in events {
                try await body(index, event)
                guard case .finished = event else { continue }
                openCount -= 1
                if openCount == 0 { return }
            }
            throw CancellationError()
        }
    }

    private func pass(
        _ stream: Events, _ index: Int,
        to continuation: AsyncThrowingStream<(Int, GenerationEvent), any Error>.Continuation
    ) async {
        var clock = AnswerMeter.TokenClock()
        do {
            for try await event in stream {
                if case .token = event { meter.countToken(&clock) }
                guard case .enqueued = continuation.yield((index, event)) else {
                    throw GenerationError(.failed, "the answer was read too slowly")
                }
                if case .finished = event { return }
            }
            throw GenerationError(.failed, "the generation ended without a reason")
        } catch {
            continuation.finish(throwing: error)
        }
    }
}
