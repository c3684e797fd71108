// SPDX-License-Identifier: MIT

import BitNetCore
import CClusterProto

/// What one of a worker's stages has done in its session; 0 where there is no connection.
package struct StageFigures: Equatable, Sendable {
    package var stageIndex: UInt32
    /// Steps that have left the stage.
    package var stepsCompleted: UInt64
    /// Bytes that came on the connection that brings its steps.
    package var receivedByteCount: UInt64
    /// Bytes that were put on the connection on which they leave.
    package var sentByteCount: UInt64

    package init(
        stageIndex: UInt32, stepsCompleted: UInt64 = 0, receivedByteCount: UInt64 = 0,
        sentByteCount: UInt64 = 0
    ) {
        self.stageIndex = stageIndex
        self.stepsCompleted = stepsCompleted
        self.receivedByteCount = receivedByteCount
        self.sentByteCount = sentByteCount
    }
}

extension StageFigures: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__StageFigures>) {
        cluster__stage_figures__init(structure)
    }

    func write(to structure: inout Cluster__StageFigures, arena: EncodingArena) {
        structure.stage_index = stageIndex
        structure.steps_completed = stepsCompleted
        structure.received_byte_count = receivedByteCount
        structure.sent_byte_count = sentByteCount
    }

    init(_ structure: Cluster__StageFigures) throws(WireError) {
        let reader = FieldReader(Self.self)
        stageIndex = try reader.number(
            "stageIndex", structure.stage_index, in: 0...UInt32(Limits.workersMax - 1))
        stepsCompleted = reader.figure(structure.steps_completed)
        receivedByteCount = reader.figure(structure.received_byte_count)
        sentByteCount = reader.figure(structure.sent_byte_count)
    }
}

extension HeartbeatReply {
    /// What the worker says of one of its stages.
    ///
    /// One that says nothing of it has this stage only.
    package func figures(ofStage index: Int) -> StageFigures {
        let index = UInt32(clamping: index)
        return stages.first { $0.stageIndex == index }
            ?? StageFigures(
                stageIndex: index, stepsCompleted: stepsCompleted, receivedByteCount: receivedByteCount,
                sentByteCount: sentByteCount)
    }
}
