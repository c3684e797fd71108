// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import BitNetTokenizer
import ClusterTestSupport
import Synchronization
import TestSupport
import Testing
import TextGeneration

@Suite struct GeneratorTests {
    private static let tokenizer = Result { try Tokenizer.open(path: Repository.storiesModel) }

    private static func generator(eventsWaitingMax: Int) throws -> Generator {
        Generator(
            codec: TextCodec(tokenizer: try tokenizer.get(), template: nil),
            eventsWaitingMax: eventsWaitingMax)
    }

    private static func served(_ pipeline: ScriptedPipeline, slotCount: Int) throws -> Generator.Pipeline {
        Generator.Pipeline(
            pipeline,
            schedule: GenerationSchedule(
                stageCount: pipeline.stageCount, slotCount: slotCount, contextLength: 2048,
                vocabularySize: try tokenizer.get().count),
            stages: try LayerRange.cut(layerCount: 3, before: [1, 2]).map {
                StageStatistics(name: "s", layers: $0)
            })
    }

    /// Runs `body` with a generator, and fails if the pipeline does.
    private static func serve(
        _ pipeline: ScriptedPipeline, slotCount: Int = 2, eventsWaitingMax: Int = 1000,
        _ body: @escaping @Sendable (Generator) async throws -> Void
    ) async throws {
        try await generator(eventsWaitingMax: eventsWaitingMax).serve(
            served(pipeline, slotCount: slotCount), body)
    }

    private static func collect(
        _ events: GenerationEvents
    ) async throws -> [GenerationEvent] {
        var collected: [GenerationEvent] = []
        for try await event in events { collected.append(event) }
        return collected
    }

    @Test func `a pipeline that returns what was not sent is closed, and its users are told`() async throws {
        let pipeline = ScriptedPipeline()
        let log = ToldError()
        do {
            try await Self.serve(pipeline) { generator in
                let events = generator.generate(
                    GenerationRequest(prompt: .text("One day"), tokenCountMax: 4))
                pipeline.answerFalsely()
                do { for try await _ in events {} } catch { log.note(error) }
                // Ends with the pipeline, not before.
                try await Task.sleep(for: .seconds(600))
            }
        } catch let error as GenerationError {
            #expect(error.message.contains("returned step"), "\(error.message)")
            #expect(log.message == error.message)
            return
        }
        Issue.record("the pipeline goes on")
    }

    // MARK: What comes

    @Test func `scores come before the first token, and both have their alternatives`() async throws {
        let pipeline = ScriptedPipeline()
        try await Self.serve(pipeline) { generator in
            var request = GenerationRequest(
                prompt: .tokens([5, 6, 7]), tokenCountMax: 2, ignoresStopTokens: true, scoresPrompt: true)
            request.sampling.alternativeCount = 2
            let asked = request
            let events = try await pipeline.answering { try await Self.collect(generator.generate(asked)) }
            let best = [TokenScore(token: 0, logProbability: 0), TokenScore(token: 1, logProbability: -1)]
            try #require(events.count == 5)
            guard case .started(let prompt) = events[0], case .promptScored(let scores) = events[1],
                case .token(let first) = events[2], case .token(let second) = events[3],
                case .finished(let reason, let figures) = events[4]
            else {
                Issue.record("\(events)")
                return
            }
            #expect(prompt == [5, 6, 7])
            #expect(
                scores == [
                    ScoredToken(id: 6, logProbability: -6, alternatives: best),
                    ScoredToken(id: 7, logProbability: -7, alternatives: best),
                ])
            #expect([first, second].map(\.id) == [302, 303])
            #expect([first, second].allSatisfy { $0.logProbability == -0.5 && $0.alternatives == best })
            #expect(reason == .length && figures.generatedTokenCount == 2)
        }
    }

    @Test(arguments: [1, 2, 2048]) func `a prompt of any length is scored without a token`(
        count: Int
    ) async throws {
        let pipeline = ScriptedPipeline()
        try await Self.serve(pipeline) { generator in
            let prompt = (0..<count).map { UInt32($0 % 100) }
            let scores = try await pipeline.answering { try await generator.score(prompt) }
            #expect(scores == prompt.dropFirst().map { -Float($0) })
        }
        let entries = pipeline.items.map { item -> Int in
            if case .step(let step) = item { step.entries.count } else { 0 }
        }
        #expect(entries.reduce(0, +) == count - 1)
    }

    @Test func `equal prompts that come at once are computed once`() async throws {
        let pipeline = ScriptedPipeline()
        try await Self.serve(pipeline, slotCount: 4) { generator in
            let request = GenerationRequest(
                prompt: .tokens((0..<50).map { $0 }), tokenCountMax: 3, ignoresStopTokens: true)
            let streams = (0..<4).map { _ in generator.generate(request) }
            try await pipeline.answering {
                for stream in streams { _ = try await Self.collect(stream) }
            }
        }
        let prefixes = pipeline.items.compactMap(\.opening).map { $0.prefix?.tokenCount }
        #expect(prefixes == [nil, 49, 49, 49])
    }

    // MARK: What is asked

    @Test func `a request's id and its prompt's length reach the stages`() async throws {
        let pipeline = ScriptedPipeline()
        let longest = String(repeating: "i", count: Limits.nameBytesMax)
        try await Self.serve(pipeline) { generator in
            for id in ["", "cmpl-7", longest] {
                let request = GenerationRequest(
                    id: id, prompt: .tokens([5, 6, 7]), tokenCountMax: 1, ignoresStopTokens: true)
                _ = try await pipeline.answering { try await Self.collect(generator.generate(request)) }
            }
        }
        let openings = pipeline.items.compactMap(\.opening)
        #expect(openings.map(\.requestID) == ["", "cmpl-7", longest])
        #expect(openings.map(\.promptTokenCount) == [3, 3, 3])
    }

    @Test func `what the stages could not take is refused and reaches none of them`() async throws {
        let pipeline = ScriptedPipeline()
        let vocabulary = UInt32(try Self.tokenizer.get().count)
        var requests = [
            String(repeating: "i", count: Limits.nameBytesMax + 1), "a\nb", "\u{1B}[31m", "\u{202E}",
            "\u{85}",
        ].map { GenerationRequest(id: $0, prompt: .tokens([5]), tokenCountMax: 1) }
        for change: @Sendable (inout SamplingParameters) -> Void in [
            { $0.biases = [TokenBias(token: vocabulary, bias: 1)] },
            { $0.biases = [TokenBias(token: 1, bias: 101)] }, { $0.presencePenalty = 2.1 },
            { $0.alternativeCount = 21 },
        ] {
            var request = GenerationRequest(prompt: .tokens([5]), tokenCountMax: 1)
            change(&request.sampling)
            requests.append(request)
        }
        let refused = requests
        try await Self.serve(pipeline) { generator in
            for request in refused {
                let error = await #expect(throws: GenerationError.self) {
                    _ = try await Self.collect(generator.generate(request))
                }
                #expect(error?.code == .invalid, "\(request)")
            }
        }
        #expect(pipeline.items == [])
    }

    @Test func `who is refused for want of room has not been started`() async throws {
        let pipeline = ScriptedPipeline()
        try await Self.serve(pipeline) { generator in
            let request = GenerationRequest(
                prompt: .tokens(Array(repeating: 5, count: 2049)), tokenCountMax: 1)
            var count = 0
            let error = await #expect(throws: GenerationError.self) {
                for try await _ in generator.generate(request) { count += 1 }
            }
            #expect(error?.code == .tooLong)
            #expect(count == 0)
        }
        #expect(pipeline.items == [])
    }

    // MARK: Who goes away

    enum Departure: CaseIterable {
        /// Stops iterating.
        case leaves
        /// Its task is cancelled while it waits for the next token.
        case isCancelled
    }

    @Test(arguments: Departure.allCases)
    func `when its consumer goes away a sequence is closed, and no later step holds it`(
        _ departure: Departure
    ) async throws {
        let pipeline = ScriptedPipeline()
        try await Self.serve(pipeline) { generator in
            // Another sequence keeps the pipeline going; it has slot 0.
            let staying = generator.generate(Self.long)
            let gone = Task { try await Self.takeThree(generator, pipeline, departure) }
            let sentBefore = try await gone.value
            // No step comes back meanwhile: the close does not wait for any.
            try await pipeline.until("slot 1 is closed") { $0.contains(.close(slot: 1)) }
            let closed = try #require(pipeline.items.firstIndex(of: .close(slot: 1)))
            #expect(pipeline.items[min(sentBefore, closed)...].count { $0.computes(1) } <= 2)
            for _ in 0..<30 { #expect(pipeline.answer()) }
            let later = pipeline.items[closed...]
            #expect(!later.contains { $0.computes(1) })
            #expect(later.count { $0.computes(0) } >= 20)
            withExtendedLifetime(staying) {}
        }
    }

    @Test func `a generation that is ended tells its reader why, and its sequence is closed`() async throws {
        struct Ended: Error {}
        let pipeline = ScriptedPipeline()
        try await Self.serve(pipeline) { generator in
            let staying = generator.generate(Self.long)
            let events = generator.generate(Self.long)
            let reader = Task { try await Self.collect(events) }
            try await pipeline.until("slot 1 is opened") { $0.contains { $0.opening?.slot == 1 } }
            events.end(throwing: Ended())
            await #expect(throws: Ended.self) { try await reader.value }
            try await pipeline.until("slot 1 is closed") { $0.contains(.close(slot: 1)) }
            withExtendedLifetime(staying) {}
        }
    }

    @Test func `who is too far behind reads what waits, and that it was too slow`() async throws {
        let pipeline = ScriptedPipeline()
        try await Self.serve(pipeline, eventsWaitingMax: 4) { generator in
            var events = generator.generate(Self.long).makeAsyncIterator()
            // The prompt, and three tokens; the fourth has no room.
            var stepCount = 0
            while !pipeline.items.contains(.close(slot: 0)) {
                if pipeline.answer() { stepCount += 1 } else { try await Task.sleep(for: .milliseconds(1)) }
            }
            #expect(stepCount >= 4)
            for _ in 0..<4 { _ = try #require(try await events.next()) }
            let error = await #expect(throws: GenerationError.self) { _ = try await events.next() }
            #expect(error == .unread)
        }
    }

    private static let long = GenerationRequest(
        prompt: .tokens([9]), tokenCountMax: 2000, ignoresStopTokens: true)

    /// - Returns: how many items had been sent when the consumer was gone.
    private static func takeThree(
        _ generator: Generator, _ pipeline: ScriptedPipeline, _ departure: Departure
    ) async throws -> Int {
        let counter = TokenCounter()
        let consumer = Task {
            for try await event in generator.generate(long) {
                guard case .token = event else { continue }
                if counter.add() == 3, departure == .leaves { return }
            }
        }
        try await pipeline.until("slot 1 is opened") { $0.contains { $0.opening?.slot == 1 } }
        // So many steps of slot 1 that three of its tokens are back, and no more.
        while pipeline.items.count(where: { $0.computes(1) }) < 4 {
            if !pipeline.answer() { try await Task.sleep(for: .milliseconds(1)) }
        }
        try await pipeline.until("three tokens are taken") { _ in counter.count == 3 }
        if departure == .isCancelled { consumer.cancel() }
        _ = await consumer.result
        return pipeline.items.count
    }
}

/// What a generation failed with.
private final class ToldError: Sendable {
    private let state = Mutex<String?>(nil)

    var message: String? { state.withLock { $0 } }

    func note(_ error: any Error) { state.withLock { $0 = (error as? GenerationError)?.message } }
}

private final class TokenCounter: Sendable {
    private let value = Atomic<Int>(0)

    var count: Int { value.load(ordering: .acquiring) }

    func add() -> Int { value.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue }
}
