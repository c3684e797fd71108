// SPDX-License-Identifier: MIT
import ClusterTransport
import ClusterWire

extension PeerDialer {
    /// Connects to another worker and shakes hands with the process that is meant.
    ///
    /// - Parameters:
    ///   - peer: how messages name it.
    ///   - stage: which of its stages is meant, if it has several.
    func connect(
        _ role: ConnectionRole, to neighbour: Neighbour, as peer: String, stage: Int? = nil
    ) async throws -> FrameConnection {
        try await connect(
            role, to: neighbour.address, peer: peer, target: neighbour.name,
            peerID: neighbour.id == 0 ? nil : neighbour.id, stage: stage
        ).connection
    }
}
