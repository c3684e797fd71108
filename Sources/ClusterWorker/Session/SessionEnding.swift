// SPDX-License-Identifier: MIT
import Synchronization

/// Tells threads that work for a session, and cannot be cancelled, that it ends.
final class SessionEnding: Sendable {
    private let isOver = Atomic(false)

    var hasBegun: Bool { isOver.load(ordering: .relaxed) }

    func begin() { isOver.store(true, ordering: .relaxed) }
}
