// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterTransport
import ClusterWire
import Logging

/// Serves one coordinator's control connection until the worker is released, or the connection closed or silent.
///
/// Long work (hashing, loading, dialling) runs beside the loop, so that heartbeats are answered meanwhile.
struct ControlLoop {
    let session: WorkerSession
    let watch: MachineWatch
    /// Who holds the worker.
    let holder: String
    let log: Logger

    /// - Returns: whether the coordinator has let this worker go, and waits to be told that it is free.
    func run(in work: inout DiscardingTaskGroup) async -> Bool {
        do {
            while try await serveNext(in: &work) {}
            return true
        } catch {
            // A coordinator of another release is told what was not understood.
            if let error = error as? WireError {
                await session.report(.protocolViolation, error.message)
            }
            log.warning("coordinator lost", metadata: ["holder": "\(holder)", "error": "\(error.words)"])
            return false
        }
    }

    /// - Returns: `false` once the coordinator has let this worker go.
    private func serveNext(in work: inout DiscardingTaskGroup) async throws -> Bool {
        let session = session
        let frame = try await session.control.next(within: session.configuration.lossTimeout)
        switch frame.type {
        case .heartbeat:
            let sequence = try Heartbeat.decode(frame.payload).sequence
            var reply = await session.heartbeatReply(to: sequence)
            reply.machine = watch.figures()
            session.control.send(Frame(reply))
        case .assignment:
            let assignment = try Assignment.decode(frame.payload)
            work.addTask { await session.assign(assignment) }
        case .measure:
            let measure = try Measure.decode(frame.payload)
            work.addTask { await session.measure { try await session.measured(measure) } }
        case .probeLinks:
            let probe = try ProbeLinks.decode(frame.payload)
            work.addTask { await session.measure { try await session.probed(probe.neighbours) } }
        case .link:
            let stage = frame.stream
            work.addTask { await session.link(stage: stage) }
        case .release:
            return false
        default:
            throw WorkerError("unexpected \(frame.type) on the control connection")
        }
        return true
    }
}
