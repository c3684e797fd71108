// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterTransport
import ClusterWire
import Logging

/// Serves one coordinator's control connection until it is released, closed or silent.
///
/// Long work (hashing, loading, dialling) runs beside the loop, so that heartbeats are answered meanwhile.
struct ControlLoop {
    let connection: FrameConnection
    let session: WorkerSession
    let service: WorkerService
    let log: Logger

    func run() async {
        await withDiscardingTaskGroup { work in
            do {
                while try await serveNext(in: &work) {}
            } catch {
                // A coordinator of another release is told what was not understood.
                if let error = error as? WireError {
                    await session.report(.protocolViolation, error.message)
                }
                log.warning(
                    "coordinator lost", metadata: ["holder": "\(session.holder)", "error": "\(error)"])
            }
            work.cancelAll()
        }
    }

    /// - Returns: `false` once the coordinator has let this worker go.
    private func serveNext(in work: inout DiscardingTaskGroup) async throws -> Bool {
        let frame = try await connection.next(within: Limits.heartbeatTimeout)
        switch frame.type {
        case .heartbeat:
            let sequence = try Heartbeat.decode(frame.payload).sequence
            var reply = await session.heartbeatReply(to: sequence, state: service.stateCode)
            reply.machine = service.watch.figures()
            connection.send(Frame(reply))
        case .assignment:
            let assignment = try Assignment.decode(frame.payload)
            work.addTask { await service.assign(assignment, to: session) }
        case .measure:
            let measure = try Measure.decode(frame.payload)
            work.addTask { await service.measure(for: session) { await session.measured(measure) } }
        case .probeLinks:
            let probe = try ProbeLinks.decode(frame.payload)
            work.addTask { await service.measure(for: session) { await session.probed(probe.neighbours) } }
        case .link:
            work.addTask { await service.link(session) }
        case .release:
            await service.end(session)
            connection.send(Frame(Released()))
            return false
        default:
            throw WorkerError("unexpected \(frame.type) on the control connection")
        }
        return true
    }
}
