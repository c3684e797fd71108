// SPDX-License-Identifier: MIT
import ClusterTransport
import ClusterWire

extension PeerDialer {
    /// Connects to another worker and shakes hands with the process that is meant.
    ///
    /// - Parameter peer: how messages name it.
    func connect(
        _ role: ConnectionRole, to neighbour: Neighbour, as peer: String
    ) async throws -> FrameConnection {
        try await connect(
            role, to: neighbour.address, peer: peer, target: neighbour.name,
            peerID: neighbour.id == 0 ? nil : neighbour.id
        ).connection
    }
}
