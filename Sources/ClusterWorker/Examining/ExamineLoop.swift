// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterTransport
import ClusterWire

/// Serves one examine connection, beside whatever session holds the worker.
struct ExamineLoop {
    let connection: FrameConnection
    let examiner: WorkerExaminer
    let service: WorkerService
    /// Opens examine connections to other workers.
    let dialer: PeerDialer

    /// Answers questions until the peer closes the connection.
    func run() async throws {
        while true {
            let frame: Frame
            do {
                frame = try await connection.next(within: Limits.examineIdleTimeout)
            } catch let error as TransportError where error.code == .closed {
                return
            }
            switch frame.type {
            case .probe:
                try await answer(Frame(type: .probed))
            case .examine:
                _ = try Examine.decode(frame.payload)
                let (state, holder) = await service.occupation
                try await answer(Frame(await examiner.examination(state: state, holder: holder)))
            case .probeLinks:
                let neighbours = try ProbeLinks.decode(frame.payload).neighbours
                guard neighbours.count <= Limits.examinedNeighboursMax else {
                    throw WorkerError(
                        "\(connection.peer) wants \(neighbours.count) ways measured at once; at most "
                            + "\(Limits.examinedNeighboursMax) are")
                }
                try await answer(Frame(LinksProbed(links: links(to: neighbours))))
            default:
                throw WorkerError("\(connection.peer) sent a \(frame.type) on an examine connection")
            }
        }
    }

    /// Who does not read its answers is not answered further.
    private func answer(_ frame: Frame) async throws {
        try await connection.sendFlushed(frame, within: Limits.probeTimeout)
    }

    /// Dials all at once, for those that do not answer take long, and measures one after another, for two would
    /// measure each other.
    private func links(to neighbours: [Neighbour]) async -> [LinkFigures] {
        let deadline = ContinuousClock.now + Limits.examinedLinksTime
        let dialled = await withTaskGroup(of: (Int, Result<FrameConnection, any Error>).self) { group in
            for (index, neighbour) in neighbours.enumerated() {
                group.addTask {
                    do {
                        let connection = try await dialer.connect(
                            .examine, to: neighbour, as: "worker \(neighbour.name) (\(neighbour.address))")
                        return (index, .success(connection))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var dialled: [Int: Result<FrameConnection, any Error>] = [:]
            for await (index, result) in group { dialled[index] = result }
            return dialled
        }
        defer {
            for case .success(let connection) in dialled.values { connection.close() }
        }
        var links: [LinkFigures] = []
        for (index, neighbour) in neighbours.enumerated() {
            var link = LinkFigures(name: neighbour.name, latencySeconds: 0, bytesPerSecond: 0)
            do {
                guard let connection = try dialled[index]?.get() else { throw CancellationError() }
                let left = ContinuousClock.now.duration(to: deadline)
                guard left > .zero else { throw WorkerError("no time was left to measure it") }
                let figures = try await LinkProbe.measure(connection, within: min(left, Limits.probeTimeout))
                link.latencySeconds = figures.latencySeconds
                link.bytesPerSecond = figures.bytesPerSecond
            } catch {
                link.error = error.words
            }
            links.append(link)
        }
        return links
    }
}
