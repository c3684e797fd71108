// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterPlanning
import ClusterWire

extension WorkerReport {
    /// What is shown of a worker, under what name; the same names for all workers.
    func rows(others: [String]) -> [(property: String, value: String)] {
        let seen = examination
        let machine = seen?.machine
        return [
            ("address", PrintableText.line(address, bytesMax: 48)), ("state", state),
            ("release", Self.text(seen?.build)),
            ("clock", clockSkewSeconds.map { "\($0 < 0 ? "" : "+")\(($0 * 1e3).text(places: 0)) ms" } ?? "–"),
            ("processor", Self.text(seen?.processor)), ("kernels", kernels),
            ("cores / processors", Self.pair(seen?.physicalCoreCount, seen?.logicalProcessorCount)),
            ("usable / threads", Self.pair(seen?.usableProcessorCount, seen?.threadCount)),
            ("frequency", Self.frequency(seen)), ("governor", Self.text(seen?.governor)),
            ("memory available", Self.bytes(machine?.memoryAvailableByteCount)),
            ("memory total", Self.bytes(machine?.memoryTotalByteCount)),
            ("for a stage", Self.bytes(seen?.stageMemoryByteCount)),
            ("swap used", Self.bytes(seen?.swapUsedByteCount)), ("huge pages", Self.text(seen?.hugePages)),
            ("disk free", Self.bytes(machine?.storeFreeByteCount)),
            ("disk total", Self.bytes(machine?.storeTotalByteCount)),
            (
                "disk writes 1 MiB",
                seen?.storeWriteMicros.map { "\((Double($0) / 1e3).text(places: 1)) ms" } ?? "–"
            ),
            ("stolen time", seen?.stealPerMillion.map { "\((Double($0) / 1e4).text(places: 1)) %" } ?? "–"),
            ("load", machine?.loadAverageMilli.map { (Double($0) / 1e3).text(places: 2) } ?? "–"),
            ("open files", seen?.openFilesMax.map { $0 > 1 << 40 ? "unlimited" : "\($0)" } ?? "–"),
            ("from here", Self.text(way)),
        ]
            + others.map { other in
                ("to \(other)", other == name ? "" : Self.text(ways?.first { $0.to == other }))
            }
    }

    private var state: String {
        switch outcome {
        case .failed(let trouble, _): trouble.rawValue
        case .examined(let examination):
            examination.holder.isEmpty ? "\(examination.state)" : "held, \(examination.state)"
        }
    }

    private var kernels: String {
        guard let examination, !examination.isa.isEmpty else { return "–" }
        return examination.isa == examination.isaOffered || examination.isaOffered.isEmpty
            ? Self.text(examination.isa) : Self.text("\(examination.isa) of \(examination.isaOffered)")
    }

    private static func frequency(_ examination: Examination?) -> String {
        guard let now = examination?.processorKilohertz else { return "–" }
        func gigahertz(_ kilohertz: UInt64) -> String { (Double(kilohertz) / 1e6).text(places: 2) }
        return gigahertz(now) + (examination?.processorKilohertzMax.map { " of \(gigahertz($0))" } ?? "")
            + " GHz"
    }

    private static func text(_ way: WayReport?) -> String {
        guard let way else { return "–" }
        guard let measured = way.measured else { return "fails" }
        let latency = "\((measured.latencySeconds * 1e3).text(places: 2)) ms"
        guard let speed = measured.bytesPerSecond else { return latency }
        return latency + " \((speed * 8 / 1e6).text(places: 0)) Mbit/s"
    }

    /// Text of a worker in one short line.
    private static func text(_ text: String?) -> String {
        guard let text, !text.isEmpty else { return "–" }
        return PrintableText.line(text, bytesMax: 52)
    }

    private static func pair(_ first: UInt64?, _ second: UInt64?) -> String {
        "\(first.map { "\($0)" } ?? "–") / \(second.map { "\($0)" } ?? "–")"
    }

    private static func bytes(_ count: UInt64?) -> String { count.map(ByteCount.text) ?? "–" }
}
