// SPDX-License-Identifier: MIT

package import BitNetCore

extension GenerationSchedule {
    /// What the shell has to do, in order.
    ///
    /// An event's `.send` directives come before all others, so that whoever cancels a sequence while taking
    /// its token has sent everything that was decided before.
    package enum Directive: Equatable, Sendable {
        /// Hand the item to the first stage.
        case send(PipelineItem)
        /// The sequence has a slot that holds its first tokens already: they are not computed again.
        case shared(UInt64, tokenCount: Int)
        /// The sequence has gone on by one token, whose log-probability and alternatives are there if the request
        /// wants them.
        case token(UInt64, UInt32, logProbability: Float?, alternatives: [TokenScore] = [])
        /// So many of the tokens that were drafted for the sequence were what it went on with, and so many not.
        case drafted(UInt64, accepted: Int, rejected: Int)
        /// Every prompt token after the first, `[prompt.count - 1]`; said before the first token.
        case scored(UInt64, [ScoredToken])
        /// The last word on a sequence that was submitted and not cancelled.
        case finished(UInt64, FinishReason)
        /// The sequence was not taken.
        case refused(UInt64, SequenceRefusal)
        /// The pipeline returned what was not asked for: nothing that comes from it can be trusted any more.
        ///
        /// Said once; the schedule stays still from then on.
        case violation(String)
    }
}
