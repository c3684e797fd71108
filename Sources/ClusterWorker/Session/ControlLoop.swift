// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterLogic
import ClusterTransport
import ClusterWire
import Logging

/// Serves one coordinator's control connection until it is released, closed or silent.
struct ControlLoop {
    let connection: FrameConnection
    let session: WorkerSession
    let log: Logger

    func run() async {
        await withDiscardingTaskGroup { work in
            do {
                while try await serveNext(in: &work) {}
            } catch {
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
            let reply = await session.heartbeatReply(to: try Heartbeat.decode(frame.payload).sequence)
            connection.send(Frame(reply))
        case .assignment:
            let assignment = try Assignment.decode(frame.payload)
            work.addTask {
                await reportingFaults(.model) { try await session.assign(assignment) }
            }
        case .link:
            work.addTask {
                await reportingFaults(.link) { try await session.link() }
            }
        case .release:
            await session.end()
            connection.send(Frame(Released()))
            return false
        default:
            throw WorkerError("unexpected \(frame.type) on the control connection")
        }
        return true
    }

    private func reportingFaults(_ code: FaultCode, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            log.error("cannot go on", metadata: ["error": "\(error)"])
            connection.send(.fault(code, stageIndex: 0, "\(error)"))
        }
    }
}
