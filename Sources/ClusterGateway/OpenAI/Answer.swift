// SPDX-License-Identifier: MIT
import BitNetCore
import Hummingbird
import Logging
import NIOCore

/// How one endpoint writes what its generations yield.
protocol AnswerFormat: Sendable {
    associatedtype Chunk: Encodable
    associatedtype Whole: Encodable

    /// What one event adds to a stream.
    ///
    /// - Parameter choice: the number of the generation.
    mutating func chunks(choice: Int, event: GenerationEvent) -> [Chunk]
    /// What a stream begins with.
    func opening() -> [Chunk]
    /// The last chunk of a stream whose client wants to know.
    func chunk(usage: Usage) -> Chunk
    mutating func take(choice: Int, event: GenerationEvent)
    /// Everything that was taken.
    func whole(usage: Usage) -> Whole
}

/// An answer that is under way, in the format of its endpoint.
struct Answer<Format: AnswerFormat>: Sendable {
    let generations: Generations
    /// Generations of each prompt.
    let choiceCount: Int
    let format: Format
    let meter: AnswerMeter
    let context: ExchangeContext

    init(
        _ generations: Generations, choiceCount: Int, format: Format, meter: AnswerMeter,
        context: ExchangeContext
    ) {
        self.generations = generations
        self.choiceCount = choiceCount
        self.format = format
        self.meter = meter
        self.context = context
        meter.count(promptTokens: promptTokenCount)
    }

    private var promptTokenCount: Int {
        stride(from: 0, to: generations.prompts.count, by: choiceCount)
            .reduce(0) { $0 + generations.prompts[$1].count }
    }

    /// One document, when everything is written.
    func whole() async throws -> Response {
        var format = format
        var usage = Usage()
        usage.add(prompt: promptTokenCount, cached: 0)
        do {
            try await generations.each { choice, event in
                format.take(choice: choice, event: event)
                count(choice, event, &usage)
            }
        } catch {
            if error is ClientGone { meter.countAbandoned() }
            throw error
        }
        // With log-probabilities a token becomes a line.
        return try await RequestThreads.run(for: usage.totalTokens * 16) { [format, usage] in
            JSON.response(format.whole(usage: usage))
        }
    }

    /// Server-sent events, as they come; an error in the middle is the last of them.
    func stream(wantsUsage: Bool, silenceMax: Duration) -> Response {
        let body = ResponseBody { writer in
            var format = format
            var usage = Usage()
            usage.add(prompt: promptTokenCount, cached: 0)
            do {
                for chunk in format.opening() { try await writer.write(ServerSentEvents.event(chunk)) }
                try await generations.each(silenceMax: silenceMax) { choice, event in
                    if case .paused = event { return try await writer.write(ServerSentEvents.comment) }
                    count(choice, event, &usage)
                    if case .promptScored(let scores) = event {
                        // As many as the prompt has tokens, in one event.
                        let bytes = try await RequestThreads.run(for: scores.count * 16) { [format] in
                            var format = format
                            let events = try format.chunks(choice: choice, event: event).map {
                                try ServerSentEvents.event($0)
                            }
                            return (format, events)
                        }
                        format = bytes.0
                        for event in bytes.1 { try await writer.write(event) }
                        return
                    }
                    for chunk in format.chunks(choice: choice, event: event) {
                        try await writer.write(ServerSentEvents.event(chunk))
                    }
                }
                if wantsUsage {
                    try await writer.write(ServerSentEvents.event(format.chunk(usage: usage)))
                }
                try await writer.write(ServerSentEvents.done)
            } catch let error as GenerationError {
                context.record.note { $0.failure = error.message }
                try await writer.write(ServerSentEvents.event(APIError(error).document))
            } catch {
                meter.countAbandoned()
                throw error
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: ServerSentEvents.headers, body: body)
    }

    private func count(_ choice: Int, _ event: GenerationEvent, _ usage: inout Usage) {
        guard case .finished(_, let statistics) = event else { return }
        usage.add(completion: statistics)
        // Further choices find the prompt that the first has computed; that was not there before the request.
        if choice % choiceCount == 0 { usage.add(prompt: 0, cached: statistics.sharedTokenCount) }
    }
}

/// What every document of one answer says of it.
struct AnswerName: Sendable {
    /// `chatcmpl-` or `cmpl-` and the request's id.
    let id: String
    /// Seconds since 1970.
    let created: Int64
    let model: String
    /// `nil` if it is not known.
    let fingerprint: String?
}
