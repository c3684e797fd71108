// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterTransport
import ClusterWire

extension WorkerSession {
    /// Serves one of the session's data connections until it is closed, by the session's end at the latest.
    ///
    /// - Throws: ``WorkerError`` if it has no place yet, ``TransportError`` when it breaks.
    func serve(_ connection: FrameConnection, as role: ConnectionRole) async throws {
        guard enter(connection) else { return }
        defer { leave(connection) }
        switch role {
        case .weights:
            do {
                try await PartReception(connection: connection, session: self, store: store).run()
            } catch {
                report(.storage, error.words)
            }
        case .steps, .link:
            guard let runner = stage.runner else { throw WorkerError("the stage is not loaded yet") }
            upstreamTraffic = connection.traffic
            connection.deliver(to: FrameSink(received: { runner.receive($0) }, closed: { _ in }))
            try await connection.closed()
        case .probe:
            try await LinkProbe.answer(connection)
        case .outcomes:
            attach(downstream: connection, named: "the coordinator")
            try await connection.closed()
        case .control, .examine, .takeOver:
            throw WorkerError("a connection for \(role) brings no data")
        }
    }

    /// Takes the connection on which the stage's frames leave.
    func attach(downstream connection: FrameConnection, named peer: String) {
        let control = control
        let index = stageIndex
        downstream.connect(to: connection, named: peer) {
            control.send(.fault(.link, stageIndex: index, $0))
        }
    }
}

extension Frame {
    /// A report that this worker cannot go on.
    static func fault(_ code: FaultCode, stageIndex: UInt32, _ message: String) -> Frame {
        Frame(Fault(code: code, stageIndex: stageIndex, message: message))
    }
}
