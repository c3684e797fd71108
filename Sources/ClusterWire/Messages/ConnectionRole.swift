// SPDX-License-Identifier: MIT

/// What a connection is for.
///
/// Raw values are part of the protocol.
package enum ConnectionRole: UInt32, CaseIterable, Sendable {
    /// Coordinator to worker: assignment, heartbeats, release.
    case control = 1
    /// Coordinator to worker: parts of a shard.
    case weights = 2
    /// Coordinator to the first stage's worker: items in.
    case steps = 3
    /// Coordinator to the last stage's worker: outcomes back.
    case outcomes = 4
    /// Worker to the next stage's worker: items with hops.
    case link = 5
    /// Any member of the session to a worker: how good the way between them is.
    case probe = 6
    /// Any holder of the key to a worker, at any time: how it and the ways from it are.
    case examine = 7
    /// Coordinator to worker: whoever holds it is to let go of it.
    case takeOver = 8
}
