// SPDX-License-Identifier: MIT
import BitNetCore
package import ClusterConfig
package import ClusterPlanning
import ClusterProtocol
package import ClusterTransport
import ClusterWire

/// Looks at all workers of a cluster file at once, whoever holds them.
///
/// Takes at most `Limits.examineTimeout` and `Limits.examineLinksTimeout`, and a dial.
package struct ClusterExaminer: Sendable {
    private let file: ClusterFile
    private let credentials: Credentials
    private let looksAtWays: Bool

    /// - Parameter looksAtWays: whether workers measure the ways to each other, which loads these for a moment.
    package init(file: ClusterFile, credentials: Credentials, looksAtWays: Bool) {
        self.file = file
        self.credentials = credentials
        self.looksAtWays = looksAtWays
    }

    /// - Returns: what was seen, in the order of the file.
    package func run() async -> [WorkerReport] {
        let network = Network(loopCount: 1)
        let reports = await examine(
            PeerDialer(
                network: network, cluster: file.cluster, node: "doctor of \(file.cluster)",
                session: .random(in: .min ... .max), credentials: credentials))
        await network.shutdown()
        return reports
    }

    private func examine(_ dialer: PeerDialer) async -> [WorkerReport] {
        let visits = await withTaskGroup(of: (Int, WorkerVisit).self) { group in
            for (index, entry) in file.workers.enumerated() {
                group.addTask { (index, await WorkerVisit(entry, dialer: dialer)) }
            }
            var visits: [(Int, WorkerVisit)] = []
            for await visit in group { visits.append(visit) }
            return Self.toldApart(visits.sorted { $0.0 < $1.0 }.map(\.1))
        }
        defer {
            for visit in visits { visit.connection?.close() }
        }
        guard looksAtWays else { return visits.map(\.report) }
        return await withTaskGroup(of: (Int, WorkerReport).self) { group in
            for (index, visit) in visits.enumerated() {
                // The others in the order from this one on, so that few look at the same one at a time.
                let others = (1..<max(visits.count, 1)).map { visits[(index + $0) % visits.count].neighbour }
                group.addTask {
                    (index, await visit.lookingAtWays(to: others.prefix(Limits.examinedNeighboursMax)))
                }
            }
            var reports: [(Int, WorkerReport)] = []
            for await report in group { reports.append(report) }
            return reports.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}

extension ClusterExaminer {
    /// A worker that two addresses lead to is one of them only.
    private static func toldApart(_ visits: [WorkerVisit]) -> [WorkerVisit] {
        var seen: [UInt64: WorkerReport] = [:]
        return visits.map { visit in
            guard let id = visit.processID else { return visit }
            guard let other = seen[id] else {
                seen[id] = visit.report
                return visit
            }
            var visit = visit
            visit.connection?.close()
            visit.connection = nil
            visit.report.outcome = .failed(
                .otherWorker,
                message:
                    "worker \(visit.report.name) (\(visit.report.address)) is the same process as worker "
                    + "\(other.name) (\(other.address))")
            return visit
        }
    }
}

/// The examination of one worker.
private struct WorkerVisit: Sendable {
    var report: WorkerReport
    /// `nil` if the worker could not be examined.
    var connection: FrameConnection?
    /// Which process answered.
    var processID: UInt64?

    /// How other workers are told of it.
    var neighbour: Neighbour {
        Neighbour(name: report.name, address: report.address, id: processID ?? 0)
    }

    init(_ entry: WorkerEntry, dialer: PeerDialer) async {
        let worker = WorkerIdentity(name: entry.name, address: "\(entry.address)")
        let deadline = ContinuousClock.now + Limits.examineTimeout
        report = WorkerReport(
            name: worker.name, address: worker.address, isSpare: entry.isSpare,
            outcome: .failed(.other, message: "was not looked at"))
        do {
            let (connection, peer) = try await dialer.connect(.examine, to: worker)
            self.connection = connection
            processID = peer.peerID
            try await examine(connection, until: deadline)
        } catch {
            report.outcome = .failed(Self.trouble(error), message: error.words)
            connection?.close()
            connection = nil
        }
    }

    private mutating func examine(
        _ connection: FrameConnection, until deadline: ContinuousClock.Instant
    ) async throws {
        func left() -> Duration { max(ContinuousClock.now.duration(to: deadline), .milliseconds(1)) }
        let trip = try await LinkProbe.roundTrip(connection, within: left())
        report.way = WayReport(
            to: report.name, measured: .init(latencySeconds: trip.seconds / 2, bytesPerSecond: nil))
        connection.send(Frame(Examine()))
        let frame = try await connection.next(within: left())
        let clock = WallClock.seconds
        guard frame.type == .examination else {
            throw TransportError(.violation, "\(connection.peer) answered with a \(frame.type)")
        }
        let examination = try Examination.decode(frame.payload)
        // The answer left half a round trip ago.
        report.clockSkewSeconds = examination.clockMicros.map {
            Double($0) / 1e6 - (clock - trip.seconds / 2)
        }
        report.outcome = .examined(examination)
    }

    /// Has the worker look at the ways to others, and looks at the one to it; the latter afterwards, for they might
    /// share a line.
    func lookingAtWays(to others: some Collection<Neighbour>) async -> WorkerReport {
        guard let connection else { return report }
        var report = report
        let deadline = ContinuousClock.now + Limits.examineLinksTimeout
        do {
            connection.send(try Frame(ProbeLinks(neighbours: Array(others))))
            let frame = try await connection.next(within: Limits.examineLinksTimeout)
            guard frame.type == .linksProbed else {
                throw TransportError(.violation, "\(connection.peer) answered with a \(frame.type)")
            }
            report.ways = try LinksProbed.decode(frame.payload).links.map(WayReport.init)
            let left = min(ContinuousClock.now.duration(to: deadline), Limits.probeTimeout)
            let figures = try await LinkProbe.measure(connection, within: max(left, .milliseconds(1)))
            report.way = WayReport(
                to: report.name,
                measured: .init(
                    latencySeconds: figures.latencySeconds, bytesPerSecond: figures.bytesPerSecond))
        } catch {
            // What was seen before stays.
            report.ways = report.ways ?? others.map { WayReport(to: $0.name, error: error.words) }
        }
        return report
    }

    private static func trouble(_ error: any Error) -> WorkerReport.Trouble {
        switch error {
        case let error as HandshakeError:
            switch error.code {
            case .key: .otherKey
            case .cluster: .otherCluster
            case .version: .otherVersion
            case .node: .otherWorker
            default: .other
            }
        case let error as TransportError where error.code == .unreachable:
            switch error.cause {
            case .nobodyListens: .nobodyListens
            case .noAnswer: .noAnswer
            case .unknownName: .unknownName
            case .other: .other
            }
        case let error as TransportError where error.code == .deadline: .noAnswer
        default: .other
        }
    }
}

extension WayReport {
    fileprivate init(_ link: LinkFigures) {
        guard link.error.isEmpty else {
            self.init(to: link.name, error: link.error)
            return
        }
        // A worker's figures are what it says.
        guard link.latencySeconds >= 0, link.bytesPerSecond > 0, link.latencySeconds.isFinite,
            link.bytesPerSecond.isFinite
        else {
            self.init(to: link.name, error: "the worker told figures that cannot be")
            return
        }
        self.init(
            to: link.name,
            measured: .init(latencySeconds: link.latencySeconds, bytesPerSecond: link.bytesPerSecond))
    }
}
