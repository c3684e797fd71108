// SPDX-License-Identifier: MIT

import BitNetCore

extension GenerationSchedule {
    /// The stages are lost: every sequence waits for others, in front those that ran, with the tokens that have come.
    ///
    /// Sequences that come meanwhile wait as well. What a sequence generates does not depend on how its first tokens
    /// were computed, so that nobody can tell from the tokens that there was a loss.
    ///
    /// - Returns: refusals of the sequences under which pipelines are lost again and again.
    package mutating func interrupt() -> [Directive] {
        let interrupted = running.values.map(\.continued).filter { !$0.isProbe }.sorted { $0.id < $1.id }
        running = [:]
        prefilling = []
        decodable = []
        inFlight = []
        slots = SlotTable(slotCount: 0)
        isPoisoned = false
        waiting.putFirst(interrupted.filter { $0.lossCount < Limits.sequenceLossesMax })
        return interrupted.filter { $0.lossCount >= Limits.sequenceLossesMax }.map { request in
            .refused(
                request.id,
                SequenceRefusal(
                    .failed,
                    "the pipeline was lost \(request.lossCount) times in a row while it computed this request's next "
                        + "token"))
        }
    }

    /// There are stages again, which this schedule knows: it goes on with the sequences of `other`.
    package mutating func takeOver(_ other: GenerationSchedule) -> [Directive] {
        let own = waiting
        waiting = other.waiting
        waiting.append(own)
        slots.takeLast(Set(waiting.all.compactMap(\.formerSlot)))
        return fill()
    }
}
