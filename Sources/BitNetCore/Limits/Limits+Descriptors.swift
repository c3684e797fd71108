// SPDX-License-Identifier: MIT

/// Bounds of files and sockets that a process has open at a time.
extension Limits {
    /// What is asked for at most; beyond it, programs that go through all numbers take long.
    package static let descriptorsMax = 1 << 20
    /// Kept back from users: event loops, listeners, the operator, the model's files and the store, disk threads, and
    /// what the runtime opens to look at its own threads.
    package static let descriptorsReserved = 96
    /// Control, pipeline and transfer of a worker, and a second number for those that are written to directly.
    package static let descriptorsPerWorker = 6
}
