// SPDX-License-Identifier: MIT

/// A generation that is under way: what it yields, and the way to end it.
///
/// Whoever stops iterating, or cancels the task that does, ends the generation too.
package struct GenerationEvents: AsyncSequence, Sendable {
    package typealias Element = GenerationEvent
    private typealias Stream = AsyncThrowingStream<GenerationEvent, any Error>

    /// Where a generator writes; its `onTermination` is called once, whoever ends the generation.
    package typealias Source = AsyncThrowingStream<GenerationEvent, any Error>.Continuation

    private let stream: Stream
    private let source: Source

    /// - Parameter waitingMax: events that wait for a reader; one more is dropped, which the source is told.
    package static func make(waitingMax: Int = Limits.eventsWaitingMax) -> (GenerationEvents, Source) {
        let (stream, source) = Stream.makeStream(bufferingPolicy: .bufferingOldest(waitingMax))
        return (GenerationEvents(stream: stream, source: source), source)
    }

    /// A generation that could not begin.
    package init(failing error: any Error) {
        (self, _) = Self.make()
        source.finish(throwing: error)
    }

    private init(stream: Stream, source: Source) {
        self.stream = stream
        self.source = source
    }

    /// Ends the generation: its reader gets what waits already, then `error`.
    package func end(throwing error: any Error) { source.finish(throwing: error) }

    /// Yields `.paused`: its reader learns that it still runs.
    package func remind() { source.yield(.paused) }

    package func makeAsyncIterator() -> AsyncThrowingStream<GenerationEvent, any Error>.Iterator {
        stream.makeAsyncIterator()
    }
}
