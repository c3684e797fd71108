// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterPlanning
import ClusterSimulation

extension Scaling {
    /// For people: a table for each number of sequences.
    package var text: String {
        var lines = [
            "\(model.name): \(model.layerCount) layers, hidden \(model.hiddenSize); equal workers, each \(origin)",
            "one layer takes \(milliseconds(profile.layerSeconds.seconds(1))) ms for a token, "
                + "\(milliseconds(profile.layerSeconds.seconds(8))) ms for eight; the head "
                + "\(milliseconds(profile.headSeconds.seconds(1))) ms; short contexts, every worker has a stage",
        ]
        var left = rows[...]
        while let first = left.first {
            let group = left.prefix { $0.concurrency == first.concurrency }
            let header =
                ["link", "delay"] + first.results.map { "\($0.workerCount)" } + ["worth it up to"]
            lines += ["", "\(first.concurrency) at a time: tokens/s by number of workers"]
            lines += Table(rows: [header] + group.map(cells)).lines
            left = left.dropFirst(group.count)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func cells(_ row: Row) -> [String] {
        let rates = row.results.map { _, result in
            result.map { $0.tokensPerSecond.text(places: $0.tokensPerSecond < 10 ? 2 : 1) } ?? "–"
        }
        let knee = row.knee.map { "\($0.workerCount): \($0.reason)" } ?? "the last"
        return ["\(number(row.link.gigabits)) Gbit/s", "\(number(row.link.delayMs)) ms"] + rates + [knee]
    }

    private func number(_ value: Double) -> String {
        value.text(places: value == value.rounded() ? 0 : 1)
    }

    private func milliseconds(_ seconds: Double) -> String { (seconds * 1e3).text(places: 2) }
}
