// SPDX-License-Identifier: MIT
package import AdminAPI
import BitNetCore

/// What an operator might do about what a status shows.
package enum StatusHints {
    package static func hints(for status: ClusterStatus) -> [String] {
        switch status.state {
        case .starting: starting(status)
        case .recovering:
            [
                "\(status.queue.running + status.queue.waiting) sequences wait, and go on where they stood once there are stages again"
            ]
        case .down:
            [
                "the coordinator tries again by itself; “recent” says what happened, bitnet-ctl doctor looks for the cause"
            ]
        case .draining:
            [
                status.queue.running + status.queue.waiting == 0
                    ? "nothing runs any more: the coordinator may be stopped"
                    : "\(status.queue.running + status.queue.waiting) sequences are being finished"
            ]
        case .serving, .degraded: serving(status)
        }
    }

    private static func starting(_ status: ClusterStatus) -> [String] {
        let missing = status.stages.filter { $0.state == .waiting }
        guard !missing.isEmpty else { return [] }
        let names = missing.map { "\($0.worker) (\($0.address))" }.joined(separator: ", ")
        return ["waiting for \(names): is bitnet-worker running there? bitnet-ctl doctor tells why not"]
    }

    private static func serving(_ status: ClusterStatus) -> [String] {
        var hints: [String] = []
        let queue = status.queue
        if queue.waiting > 0, queue.running >= queue.slots {
            hints.append(
                "\(queue.waiting) wait for a slot: more --parallel lets more run at a time, if memory allows")
        }
        if let hint = imbalance(status) { hints.append(hint) }
        if status.stages.count > 1, queue.running == 1 {
            hints.append("one sequence at a time keeps one stage at work; more of them at once are free")
        }
        let isas = Set(status.stages.compactMap(\.isa))
        if isas.contains("scalar") {
            hints.append("a worker computes with scalar kernels, many times slower than AVX2 or NEON")
        }
        let builds = Set(status.stages.compactMap(\.build))
        if builds.count > 1 {
            hints.append("workers run different releases: \(builds.sorted().joined(separator: ", "))")
        }
        return hints
    }

    /// Stages that wait for a much busier one.
    private static func imbalance(_ status: ClusterStatus) -> String? {
        guard let slowest = status.stages.first(where: \.isSlowest), let idle = slowest.idleFraction,
            1 - idle > 0.5
        else { return nil }
        let others = status.stages.filter { !$0.isSlowest }.compactMap(\.idleFraction)
        guard let idlest = others.max(), idlest - idle > 0.25 else { return nil }
        return
            "stage \(slowest.index) (\(slowest.worker)) is busy \(((1 - idle) * 100).text(places: 0)) % of the time, "
            + "another \(((1 - idlest) * 100).text(places: 0)) %: fewer layers there, or a faster machine "
            + "(bitnet-ctl plan)"
    }
}
