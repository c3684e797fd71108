// SPDX-License-Identifier: MIT
import BitNetCore
package import ClusterWire

/// Judges what an examiner has seen.
package struct Diagnosis: Equatable, Sendable {
    package let workers: [WorkerReport]
    /// The examiner's own machine; the store is where converted weights are kept.
    package let own: MachineFigures?
    /// The examiner's release.
    package let build: String
    /// The gravest first; those of one gravity in the order of the workers.
    package let findings: [Finding]

    /// - Parameter storeError: Why nothing can be kept in the examiner's store.
    package init(workers: [WorkerReport], own: MachineFigures?, storeError: String? = nil, build: String) {
        self.workers = workers
        self.own = own
        self.build = build
        let all =
            workers.flatMap { Self.reachability(of: $0, workers) }
            + Self.ways(workers) + workers.flatMap { Self.machine(of: $0, build: build) }
            + Self.differences(workers) + (own.map { Self.ownMachine($0, storeError: storeError) } ?? [])
        findings = [Finding.Severity.failure, .warning, .note].flatMap { severity in
            all.filter { $0.severity == severity }
        }
    }

    /// The gravest finding's, or `nil` if all is well.
    package var gravest: Finding.Severity? { findings.map(\.severity).max() }

    // MARK: Reaching workers

    private static func reachability(of report: WorkerReport, _ workers: [WorkerReport]) -> [Finding] {
        guard case .failed(let trouble, let message) = report.outcome else {
            return report.examination.map { occupation(of: report, $0) } ?? []
        }
        let remedy =
            switch trouble {
            case .nobodyListens:
                "start it there: bitnet-worker --listen \(report.address) --data-dir DIR; or correct its address"
            case .noAnswer:
                "see whether the machine is up, and let TCP through to \(report.address) in every firewall between"
            case .unknownName:
                "correct the name in workers.yaml, or enter it in the name service or /etc/hosts"
            case .otherKey:
                "give the same key file to --key-file there and to key_file in workers.yaml"
            case .otherCluster:
                "correct cluster in workers.yaml or --cluster there, or take another worker"
            case .otherVersion:
                "install the same release on both machines"
            case .otherWorker:
                "correct the addresses and names in workers.yaml, or --name there"
            case .other:
                "look at the worker's log, and install the same release on both machines"
            }
        let reachers = workers.filter { worker in
            worker.ways?.contains { $0.to == report.name && $0.measured != nil } ?? false
        }
        let reached =
            reachers.isEmpty ? "" : " (reached from \(reachers.map(\.name).joined(separator: ", ")), though)"
        // A spare that is away costs nothing until it is needed.
        return [
            Finding(report.isSpare ? .warning : .failure, report.name, message + reached, remedy: remedy)
        ]
    }

    private static func occupation(of report: WorkerReport, _ examination: Examination) -> [Finding] {
        guard !examination.holder.isEmpty else { return [] }
        return [
            Finding(
                .note, report.name, "is held by \(examination.holder)",
                remedy: "nothing, unless another coordinator is to have it: then stop that one first")
        ]
    }

    // MARK: Ways

    /// A gigabit's tenth: a hop of one token takes as long as many layers then.
    private static let bytesPerSecondMin = 12.5e6
    /// Each token pays it at every hop.
    private static let latencySecondsMax = 5e-3

    private static func ways(_ workers: [WorkerReport]) -> [Finding] {
        workers.flatMap { worker -> [Finding] in
            let own = worker.way.map { slowness(of: $0, from: nil) } ?? []
            return own
                + (worker.ways ?? []).flatMap { way in
                    way.error.map { blindness(of: worker, for: way.to, $0, workers) }
                        ?? slowness(of: way, from: worker.name)
                }
        }
    }

    private static func blindness(
        of worker: WorkerReport, for name: String, _ fault: String, _ workers: [WorkerReport]
    ) -> [Finding] {
        let other = workers.first { $0.name == name }
        // Said already: nobody can reach it.
        guard let other, other.examination != nil else { return [] }
        let back = other.ways?.first { $0.to == worker.name }
        let isOneWay = back?.measured != nil
        return [
            Finding(
                .failure, worker.name,
                isOneWay
                    ? "does not reach \(name), though \(name) reaches \(worker.name): \(fault)"
                    : "does not reach \(name): \(fault)",
                remedy:
                    "let TCP through from \(worker.name) to \(other.address), and see that the address means "
                    + "the same machine there as here")
        ]
    }

    private static func slowness(of way: WayReport, from worker: String?) -> [Finding] {
        guard let measured = way.measured else { return [] }
        let between = worker == nil ? "the way from here to \(way.to)" : "the way to \(way.to)"
        var findings: [Finding] = []
        if let speed = measured.bytesPerSecond, speed < bytesPerSecondMin {
            findings.append(
                Finding(
                    .warning, worker, "\(between) carries \((speed * 8 / 1e6).text(places: 1)) Mbit/s",
                    remedy:
                        "connect the machines by gigabit Ethernet or better, and see what else uses the line")
            )
        }
        if measured.latencySeconds > latencySecondsMax {
            findings.append(
                Finding(
                    .warning, worker,
                    "\(between) takes \((measured.latencySeconds * 1e3).text(places: 1)) ms, which every token pays",
                    remedy: "use machines on one network, by cable"))
        }
        return findings
    }

    // MARK: Between workers

    private static func differences(_ workers: [WorkerReport]) -> [Finding] {
        let kinds = workers.compactMap { worker in worker.examination.map { (worker.name, $0.isa) } }
            .filter { !$0.1.isEmpty }
        guard Set(kinds.map(\.1)).count > 1 else { return [] }
        let list = kinds.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        return [
            Finding(
                .note, nil, "instruction sets differ: \(list)",
                remedy:
                    "nothing: results are the same to the bit, and bitnet-coord gives slower workers fewer layers"
            )
        ]
    }
}
