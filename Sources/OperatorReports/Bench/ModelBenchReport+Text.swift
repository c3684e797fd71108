// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine

extension ModelBenchReport {
    /// For people.
    package var text: String {
        var text = machine.text + "\n"
        text +=
            "\(model): \(layerCount) layers, \(options.threadCount) threads, \(options.headType.rawValue) head, "
            + "context \(options.context), KV cache \(options.cacheType.rawValue), prefill in steps of "
            + "\(options.prefillChunk)\n"
        if isSynthetic { text += "synthetic: weights are random\n" }
        if layerFactor != 1 {
            text +=
                "measured with \(measuredLayerCount) layers; what layers take is scaled to \(layerCount)\n"
        }
        text += "resident \((residentByteCount / 1e6).text(places: 0)) MB\n\n"
        return text + rates.text + "\n" + sections.text
    }

    private var rates: Table<String> {
        var table = Table(
            ["", "tokens/s", "ms", "MB to read", "read GB/s", "read ms", "by read", "multiply ms", "rounds"],
            others: .right)
        for phase in phases {
            table.add([
                phase.name, phase.tokensPerSecond.text(places: 2), (phase.seconds * 1e3).text(places: 2),
                (Double(phase.byteCount) / 1e6).text(places: 0), (phase.readRate / 1e9).text(places: 1),
                (phase.readSeconds * 1e3).text(places: 2), phase.readRatio.text(places: 2),
                phase.multiplySeconds.map { ($0 * 1e3).text(places: 2) } ?? "–", "\(phase.rounds)",
            ])
        }
        return table
    }

    /// Where the time of each kind of step goes.
    private var sections: Table<String> {
        var table = Table(["ms of a step, and %"] + phases.flatMap { [$0.name, "%"] }, others: .right)
        for section in StepProfile.Section.allCases {
            let times = phases.map { phase in
                phase.sections.first { $0.section == section }?.seconds ?? 0
            }
            guard times.contains(where: { $0 > 0 }) else { continue }
            let cells = zip(times, phases).flatMap { time, phase in
                let all = phase.sections.reduce(0) { $0 + $1.seconds }
                return [(time * 1e3).text(places: 3), (100 * time / all).text(places: 1)]
            }
            table.add(["  " + section.name] + cells)
        }
        return table
    }
}
