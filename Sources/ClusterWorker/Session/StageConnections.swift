// SPDX-License-Identifier: MIT
import ClusterTransport
import ClusterWire

/// Where the frames of one of a session's stages come from, and where they leave.
struct StageConnections: Sendable {
    let stageIndex: UInt32
    let downstream = Downstream()
    /// Of the connection that brings them, once there is one.
    var upstreamTraffic: Traffic?

    init(of stage: AssignedStage) {
        stageIndex = stage.index
    }

    func figures(stepsCompleted: UInt64) -> StageFigures {
        StageFigures(
            stageIndex: stageIndex, stepsCompleted: stepsCompleted,
            receivedByteCount: upstreamTraffic?.receivedByteCount ?? 0,
            sentByteCount: downstream.traffic?.sentByteCount ?? 0)
    }
}
