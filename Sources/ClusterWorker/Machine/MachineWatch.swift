// SPDX-License-Identifier: MIT
package import ClusterWire
import Dispatch
import Synchronization

/// What the machine's figures were when they were last asked for.
///
/// Reading them may wait for a disk; so it goes on after the answer, on a queue of its own, and a heartbeat tells
/// of the one before.
package final class MachineWatch: Sendable {
    private struct State {
        var latest: MachineFigures?
        var isReading = false
    }

    private let queue = DispatchQueue(label: "machine figures")
    private let state = Mutex(State())
    private let read: @Sendable () -> MachineFigures

    convenience init(storeDirectory: String) {
        self.init { MachineFigures.current(storeDirectory: storeDirectory) }
    }

    /// Starts to read for the first time.
    package init(read: @escaping @Sendable () -> MachineFigures) {
        self.read = read
        _ = figures()
    }

    /// The figures that were read last, and the start of the next reading unless one is under way.
    package func figures() -> MachineFigures? {
        let (latest, isDue) = state.withLock { state in
            let isDue = !state.isReading
            state.isReading = true
            return (state.latest, isDue)
        }
        if isDue {
            queue.async { [self] in
                let figures = read()
                state.withLock { state in
                    state.latest = figures
                    state.isReading = false
                }
            }
        }
        return latest
    }
}
