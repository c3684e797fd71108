// SPDX-License-Identifier: MIT

/// One micro-batch of tokens that travels through all stages.
package struct Step: Equatable, Sendable {
    /// Rises by one with every step of a session.
    package var id: UInt64
    /// Entries of one slot stand in ascending position order; a prefill chunk is a run of them.
    package var entries: [StepEntry]
    /// One item for every stage that the step has left behind, in order.
    package var traces: [StageTrace]

    package init(id: UInt64, entries: [StepEntry], traces: [StageTrace] = []) {
        self.id = id
        self.entries = entries
        self.traces = traces
    }
}

/// One token of a step.
package struct StepEntry: Equatable, Sendable {
    /// What the last stage returns for this token.
    package enum Output: Equatable, Sendable {
        case none
        /// The next token, chosen by the slot's sampler, and its log-probability if the slot's parameters want it.
        case sample
        /// The log-probability of `target` as the next token.
        case score(target: UInt32)
    }

    package var slot: UInt32
    package var position: UInt32
    package var token: UInt32
    package var output: Output

    package init(slot: UInt32, position: UInt32, token: UInt32, output: Output) {
        self.slot = slot
        self.position = position
        self.token = token
        self.output = output
    }
}

/// What one stage did with one step.
package struct StageTrace: Equatable, Sendable {
    /// Time inside the forward pass.
    package var computeMicros: UInt32
    /// Time between the end of the stage's previous step and the start of this one: waiting for input.
    package var idleMicros: UInt32
    /// Time that the step lay received in the queue while the stage computed an earlier one.
    package var queuedMicros: UInt32
    /// Time that the last frame to leave the stage took from the end of its computation until the kernel had all
    /// of it: waiting for output, beside which the stage goes on computing.
    package var sendingMicros: UInt32
    /// Bytes of the hop (frame included) that brought the step to this stage.
    package var receivedBytes: UInt32

    package init(
        computeMicros: UInt32, idleMicros: UInt32, queuedMicros: UInt32, sendingMicros: UInt32 = 0,
        receivedBytes: UInt32
    ) {
        self.computeMicros = computeMicros
        self.idleMicros = idleMicros
        self.queuedMicros = queuedMicros
        self.sendingMicros = sendingMicros
        self.receivedBytes = receivedBytes
    }
}

/// What the last stage returns for one entry whose `output` was not `.none`.
package struct StepResult: Equatable, Sendable {
    package var slot: UInt32
    /// Position of the entry; the token stands for the position after it.
    package var position: UInt32
    package var token: UInt32
    /// Natural logarithm of the model's probability of `token`, before temperature and truncation; `nil` if it
    /// was not asked for.
    package var logProbability: Float?
    /// The most probable tokens of this place, the best first, as many as the slot's parameters want.
    package var alternatives: [TokenScore]
    /// Why a stage has given the sequence up: there is no token then, and none will come.
    package var failure: SequenceFailure?

    package init(
        slot: UInt32, position: UInt32, token: UInt32, logProbability: Float?,
        alternatives: [TokenScore] = [], failure: SequenceFailure? = nil
    ) {
        self.slot = slot
        self.position = position
        self.token = token
        self.logProbability = logProbability
        self.alternatives = alternatives
        self.failure = failure
    }
}

/// Why a stage gives one sequence up, while the others of its steps go on.
package enum SequenceFailure: Equatable, Sendable, CaseIterable {
    /// What was computed for it is not a finite number.
    case notFinite
    /// It, or one of its tokens, is not what the stage can take.
    case refused
}

/// The end of a step's way: results in the order of its entries, and one trace for every stage.
package struct StepOutcome: Equatable, Sendable {
    package var id: UInt64
    package var results: [StepResult]
    package var traces: [StageTrace]

    package init(id: UInt64, results: [StepResult], traces: [StageTrace]) {
        self.id = id
        self.results = results
        self.traces = traces
    }
}

/// What flows down the pipeline, in order.
///
/// Opening and closing a slot travel with the steps, so that no stage can see a token of a sequence before
/// the sequence.
package enum PipelineItem: Equatable, Sendable {
    /// A new sequence takes a slot.
    case open(Opening)
    case step(Step)
    /// The sequence is over; the slot's KV rows are free.
    case close(slot: UInt32)
}
