// SPDX-License-Identifier: MIT

import BitNetCore
import Testing
import TextGeneration

/// A model whose next token is a hash of everything its slot has seen.
enum HashModel {
    static let vocabulary: UInt32 = 50

    /// - Parameter memory: tokens that it looks at; with a few it repeats itself, and now and then does not.
    static func next(after visible: [UInt32], memory: Int? = nil) -> UInt32 {
        let next = hash(visible)
        guard let memory, next % 10 > 0 else { return next }
        return hash(visible.suffix(memory))
    }

    private static func hash(_ tokens: some Sequence<UInt32>) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        for token in tokens { hash = (hash ^ token) &* 16_777_619 }
        return (hash >> 7) % vocabulary
    }

    static func logProbability(of token: UInt32, after visible: [UInt32]) -> Float {
        -Float(next(after: visible + [token]) + 1)
    }

    /// The next token first; all of them differ.
    static func alternatives(after visible: [UInt32], count: UInt32, memory: Int? = nil) -> [TokenScore] {
        (0..<count).map {
            TokenScore(
                token: (next(after: visible, memory: memory) + $0) % vocabulary, logProbability: -Float($0))
        }
    }

    /// What a request brings when nothing else runs.
    static func alone(
        _ request: SequenceRequest, contextLength: Int, memory: Int? = nil
    ) -> Transcript {
        var transcript = Transcript()
        if request.scores {
            transcript.scores = request.prompt.indices.dropFirst().map { index in
                let visible = Array(request.prompt[..<index])
                let token = request.prompt[index]
                return ScoredToken(
                    id: token, logProbability: logProbability(of: token, after: visible),
                    alternatives: alternatives(
                        after: visible, count: request.sampling.alternativeCount, memory: memory))
            }
        }
        var visible = request.prompt
        while transcript.reason == nil {
            let token = next(after: visible, memory: memory)
            if transcript.tokens.count == request.tokenCountMax {
                transcript.reason = .length
            } else if visible.count > contextLength {
                transcript.reason = .context
            } else if request.stopTokens.contains(token) {
                transcript.reason = .stop
            } else {
                transcript.tokens.append(token)
                transcript.alternatives += alternatives(
                    after: visible, count: request.sampling.alternativeCount, memory: memory)
                visible.append(token)
            }
        }
        return transcript
    }
}

/// What was said of one sequence.
struct Transcript: Equatable {
    var tokens: [UInt32] = []
    /// Those of all tokens, one after the other.
    var alternatives: [TokenScore] = []
    var scores: [ScoredToken]?
    var reason: FinishReason?
}

/// Stages that compute ``HashModel``, and complain about what real ones could not serve.
struct FakePipeline {
    let slotCount: Int
    let contextLength: Int
    /// Sequences with this token are given up.
    var poison: UInt32?
    /// Of ``HashModel``.
    var memory: Int?
    /// What a step of so many tokens takes.
    var micros: ((Int) -> UInt32)?
    private var slots: [UInt32: [UInt32]] = [:]
    private var alternativeCounts: [UInt32: UInt32] = [:]
    /// What slots hold that are closed and not opened since.
    private var closed: [UInt32: [UInt32]] = [:]
    /// Tokens that sequences took over instead of computing them.
    private(set) var sharedTokenCount = 0
    private var ready: [StepOutcome] = []
    private var returnedCount = 0
    private(set) var steps: [Step] = []
    /// Seeds of the sequences in the order in which they were opened.
    private(set) var opened: [UInt64] = []
    private(set) var openings: [Opening] = []
    private(set) var complaints: [String] = []

    init(slotCount: Int, contextLength: Int) {
        self.slotCount = slotCount
        self.contextLength = contextLength
    }

    var inFlightCount: Int { ready.count - returnedCount }
    var openSlotCount: Int { slots.count }

    mutating func take(_ item: PipelineItem) {
        switch item {
        case .open(let opening):
            let slot = opening.slot
            expect(slot < slotCount, "slot \(slot) does not exist")
            let taken = takeOver(opening.prefix)
            expect(slots.updateValue(taken, forKey: slot) == nil, "slot \(slot) is opened twice")
            closed[slot] = nil
            alternativeCounts[slot] = opening.sampling.alternativeCount
            opened.append(opening.sampling.seed)
            openings.append(opening)
        case .close(let slot):
            closed[slot] = slots[slot]
            expect(slots.removeValue(forKey: slot) != nil, "slot \(slot) is closed but not open")
        case .step(let step):
            expect(step.id == UInt64(steps.count + 1), "step \(step.id) comes after \(steps.count)")
            expect(!step.entries.isEmpty, "step \(step.id) is empty")
            steps.append(step)
            compute(step)
        }
    }

    private mutating func takeOver(_ prefix: SharedPrefix?) -> [UInt32] {
        guard let prefix else { return [] }
        let held = slots[prefix.slot] ?? closed[prefix.slot] ?? []
        expect(
            (1...held.count).contains(Int(prefix.tokenCount)),
            "\(prefix.tokenCount) tokens of slot \(prefix.slot) are wanted, it holds \(held.count)")
        sharedTokenCount += Int(prefix.tokenCount)
        return Array(held.prefix(Int(prefix.tokenCount)))
    }

    private mutating func compute(_ step: Step) {
        var results: [StepResult] = []
        for entry in step.entries {
            guard let visible = slots[entry.slot] else {
                complaints.append("step \(step.id) uses slot \(entry.slot), which is not open")
                continue
            }
            // Earlier ones forget what came after.
            expect(
                Int(entry.position) == visible.count
                    || entry.output == .sample && Int(entry.position) < visible.count,
                "position \(entry.position) comes after \(visible.count)")
            expect(entry.position < contextLength, "position \(entry.position) is outside the context")
            let history = Array(visible.prefix(Int(entry.position))) + [entry.token]
            slots[entry.slot] = history
            if let poison, history.contains(poison) {
                guard entry.output != .none else { continue }
                results.append(
                    StepResult(
                        slot: entry.slot, position: entry.position, token: 0, logProbability: nil,
                        failure: .notFinite))
                continue
            }
            let alternatives = HashModel.alternatives(
                after: history, count: alternativeCounts[entry.slot] ?? 0, memory: memory)
            switch entry.output {
            case .none:
                continue
            case .sample:
                let token = HashModel.next(after: history, memory: memory)
                results.append(
                    StepResult(
                        slot: entry.slot, position: entry.position, token: token, logProbability: -1,
                        alternatives: alternatives))
            case .score(let target):
                results.append(
                    StepResult(
                        slot: entry.slot, position: entry.position, token: target,
                        logProbability: HashModel.logProbability(of: target, after: history),
                        alternatives: alternatives))
            }
        }
        let traces = micros.map {
            [
                StageTrace(
                    computeMicros: $0(step.entries.count), idleMicros: 0, queuedMicros: 0, receivedBytes: 0)
            ]
        }
        ready.append(StepOutcome(id: step.id, results: results, traces: traces ?? []))
    }

    mutating func nextOutcome() -> StepOutcome? {
        guard returnedCount < ready.count else { return nil }
        defer { returnedCount += 1 }
        return ready[returnedCount]
    }

    private mutating func expect(_ holds: Bool, _ complaint: String) {
        if !holds { complaints.append(complaint) }
    }
}

/// A schedule with its pipeline, and what it has said.
struct ScheduleRun {
    var schedule: GenerationSchedule
    var pipeline: FakePipeline
    var transcripts: [UInt64: Transcript] = [:]
    var refusals: [UInt64: String] = [:]
    var refusalCodes: [UInt64: SequenceRefusal.Code] = [:]
    /// Tokens that sequences took over.
    var shared: [UInt64: Int] = [:]
    /// Drafted tokens, by what became of them.
    private(set) var accepted: [UInt64: Int] = [:]
    private(set) var rejected: [UInt64: Int] = [:]
    var violations: [String] = []
    /// Cancel a sequence as soon as it has that many tokens, while its token is being taken.
    var cancelAt: [UInt64: Int] = [:]
    private(set) var cancelled: Set<UInt64> = []
    private(set) var inFlightMax = 0

    init(
        stages: Int, slots: Int, context: Int, chunk: Int = 64, inFlight: Int? = nil,
        waiting: Int = Limits.slotsMax, stepTokens: Int = Limits.stepTokensMax, drafts: Int = 0,
        memory: Int? = nil
    ) {
        schedule = GenerationSchedule(
            stageCount: stages, slotCount: slots, contextLength: context, prefillChunk: chunk,
            stepsInFlightMax: inFlight, waitingMax: waiting, stepTokensMax: stepTokens,
            draftTokensMax: drafts)
        pipeline = FakePipeline(slotCount: slots, contextLength: context)
        pipeline.memory = memory
    }

    mutating func submit(_ request: SequenceRequest) {
        perform(schedule.submit(request))
    }

    /// One request for all of them.
    mutating func submit(_ requests: [SequenceRequest]) {
        perform(schedule.submit(requests))
    }

    mutating func cancel(_ id: UInt64) {
        guard transcripts[id]?.reason == nil else { return }
        cancelled.insert(id)
        perform(schedule.cancel(id))
    }

    /// - Returns: `false` if nothing was in flight.
    mutating func step() -> Bool {
        guard let outcome = pipeline.nextOutcome() else { return false }
        perform(schedule.received(outcome))
        return true
    }

    mutating func drain() {
        while step() {}
    }

    /// The stages are gone, with all that they held and all that was under way.
    mutating func lose() {
        perform(schedule.interrupt())
    }

    /// Others take their place.
    mutating func recover(stages: Int, slots: Int, chunk: Int) {
        #expect(pipeline.complaints == [])
        pipeline = FakePipeline(slotCount: slots, contextLength: pipeline.contextLength)
        var next = GenerationSchedule(
            stageCount: stages, slotCount: slots, contextLength: pipeline.contextLength, prefillChunk: chunk)
        let directives = next.takeOver(schedule)
        schedule = next
        perform(directives)
    }

    mutating func perform(_ directives: [GenerationSchedule.Directive]) {
        for directive in directives {
            switch directive {
            case .send(let item):
                pipeline.take(item)
                inFlightMax = max(inFlightMax, pipeline.inFlightCount)
            case .token(let id, let token, _, let alternatives):
                said(id) {
                    $0.tokens.append(token)
                    $0.alternatives += alternatives
                }
                if let count = cancelAt[id], transcripts[id]?.tokens.count == count { cancel(id) }
            case .scored(let id, let scores):
                #expect(transcripts[id]?.scores == nil, "sequence \(id) is scored twice")
                #expect(transcripts[id]?.tokens ?? [] == [], "sequence \(id) is scored after its first token")
                said(id) { $0.scores = scores }
            case .finished(let id, let reason):
                said(id) { $0.reason = reason }
            case .shared(let id, let tokenCount):
                shared[id] = tokenCount
            case .drafted(let id, let more, let fewer):
                accepted[id, default: 0] += more
                rejected[id, default: 0] += fewer
            case .refused(let id, let refusal):
                refusals[id] = refusal.message
                refusalCodes[id] = refusal.code
            case .violation(let message):
                violations.append(message)
            }
        }
    }

    private mutating func said(_ id: UInt64, _ body: (inout Transcript) -> Void) {
        // The batch of directives that is being performed may still speak of a sequence cancelled within it.
        if cancelled.contains(id) { return }
        #expect(transcripts[id]?.reason == nil, "sequence \(id) goes on after its end")
        body(&transcripts[id, default: Transcript()])
    }
}

extension SequenceRequest {
    /// A request whose sampling seed is its id, so that the pipeline can tell who was opened.
    static func numbered(
        _ id: UInt64, prompt: [UInt32], tokens: Int, stop: Set<UInt32> = [], scores: Bool = false,
        alternatives: UInt32 = 0, owner: RequestOwner = .program
    ) -> SequenceRequest {
        var sampling = SamplingParameters()
        sampling.seed = id
        sampling.alternativeCount = alternatives
        return SequenceRequest(
            id: id, prompt: prompt, tokenCountMax: tokens, sampling: sampling, stopTokens: stop,
            scores: scores, owner: owner)
    }
}
