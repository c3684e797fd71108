// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterTransport
import ClusterWire

extension WorkerSession {
    /// Serves one of the session's data connections until it is closed, by the session's end at the latest.
    ///
    /// - Parameter stage: the stage that it is for, if it says so.
    /// - Throws: ``WorkerError`` if it has no place yet, ``TransportError`` when it breaks.
    func serve(_ connection: FrameConnection, as role: ConnectionRole, ofStage stage: Int?) async throws {
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
            let place = try place(ofStage: role == .steps ? 0 : stage)
            guard stages.runners.indices.contains(place) else {
                throw WorkerError("the stage is not loaded yet")
            }
            let runner = stages.runners[place]
            stageConnections[place].upstreamTraffic = connection.traffic
            connection.deliver(to: FrameSink(received: { runner.receive($0) }, closed: { _ in }))
            try await connection.closed()
        case .probe:
            try await LinkProbe.answer(connection)
        case .outcomes:
            let last = stages.assigned?.all.last { $0.next == nil }
            try attach(
                downstream: connection, named: "the coordinator",
                at: try place(ofStage: last.map { Int(clamping: $0.index) }))
            try await connection.closed()
        case .control, .examine, .takeOver:
            throw WorkerError("a connection for \(role) brings no data")
        }
    }

    /// Where a stage stands among this worker's; whoever names none means the only one.
    func place(ofStage index: Int?) throws(WorkerError) -> Int {
        let own = stageConnections.map { Int(clamping: $0.stageIndex) }
        guard !own.isEmpty else { throw WorkerError("the stage is not loaded yet") }
        if own.count == 1 { return 0 }
        guard let place = index.flatMap({ own.firstIndex(of: $0) }) else {
            throw WorkerError(
                "a connection for stage \(index.map(String.init) ?? "?"); this worker serves the stages "
                    + own.map(String.init).joined(separator: ", "))
        }
        return place
    }

    /// Takes the connection on which the frames of the stage at `place` leave.
    ///
    /// - Throws: ``WorkerError`` if they leave on another one.
    func attach(
        downstream connection: FrameConnection, named peer: String, at place: Int
    ) throws(WorkerError) {
        let control = control
        let index = stageConnections[place].stageIndex
        let isFirst = stageConnections[place].downstream.connect(to: connection, named: peer) {
            control.send(.fault(.link, stageIndex: index, $0))
        }
        guard isFirst || isEnded else {
            throw WorkerError("what stage \(index) hands on goes to another one already")
        }
    }
}

extension Frame {
    /// A report that this worker cannot go on.
    static func fault(_ code: FaultCode, stageIndex: UInt32, _ message: String) -> Frame {
        Frame(Fault(code: code, stageIndex: stageIndex, message: message))
    }
}
