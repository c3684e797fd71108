// SPDX-License-Identifier: MIT
import Synchronization

/// How many deviations were drawn, and how many took place: one may end a dialogue before the next one's turn.
final class Tally: Sendable {
    private let counts = Mutex((done: 0, drawn: 0))

    func add(done: Int, drawn: Int) {
        counts.withLock { counts in
            counts.done += done
            counts.drawn += drawn
        }
    }

    var doneFraction: Double {
        counts.withLock { $0.drawn > 0 ? Double($0.done) / Double($0.drawn) : 1 }
    }
}
