// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterCoordinator
import CommandLine

/// What `bench model` found, for people and for programs.
struct ModelBenchReport {
    let meter: ModelBench
    let phases: [ModelBench.Phase]
    let kernels: Kernels
    let command: BenchModelCommand
    let synthetic: Bool

    private var model: String { meter.stage.model.name }
    private var measuredLayers: Int { meter.stage.layers.count }
    private var totalLayers: Int { Int((Double(measuredLayers) * meter.layerFactor).rounded()) }

    /// Bytes of the whole model, the layers that were not loaded included.
    private var residentByteCount: Double {
        let layers = Double(meter.layerByteCount) + Double(meter.memory.cache)
        return Double(meter.memory.total) + layers * (meter.layerFactor - 1)
    }

    // MARK: Text

    var text: String {
        var text = Machine.summary(kernels, mode: command.bench.kernels.mode) + "\n"
        text +=
            "\(model): \(totalLayers) layers, \(command.threads.count) threads, \(command.head.head.rawValue) head, context "
            + "\(command.context), KV cache \(command.cache.cacheType.rawValue), prefill in steps of "
            + "\(command.prefillChunk)\n"
        if synthetic { text += "synthetic: weights are random\n" }
        if meter.layerFactor != 1 {
            text += "measured with \(measuredLayers) layers; what layers take is scaled to \(totalLayers)\n"
        }
        text += "resident \((residentByteCount / 1e6).text(places: 0)) MB\n\n"
        return text + rates + "\n" + sections
    }

    private var rates: String {
        var table = TextTable([
            "", "tokens/s", "ms", "MB to read", "read GB/s", "read ms", "by read", "multiply ms", "rounds",
        ])
        for phase in phases {
            table.add([
                phase.name, phase.tokensPerSecond.text(places: 2), (phase.seconds * 1e3).text(places: 2),
                (Double(phase.byteCount) / 1e6).text(places: 0), (phase.readRate / 1e9).text(places: 1),
                (phase.readSeconds * 1e3).text(places: 2), phase.readRatio.text(places: 2),
                phase.multiplySeconds.map { ($0 * 1e3).text(places: 2) } ?? "–", "\(phase.rounds)",
            ])
        }
        return table.text
    }

    /// Where the time of each kind of step goes.
    private var sections: String {
        var table = TextTable(["ms of a step, and %"] + phases.flatMap { [$0.name, "%"] })
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
        return table.text
    }

    // MARK: JSON

    var json: JSONValue {
        var members = Machine.members(kernels, mode: command.bench.kernels.mode)
        for (key, phase) in zip(["decode", "batch8", "prefill"], phases) {
            members.append(("\(key)_tokens_per_second", .number(phase.tokensPerSecond)))
        }
        members += [
            ("resident_bytes", .number(residentByteCount.rounded())), ("model", .text(model)),
            ("synthetic", .flag(synthetic)), ("layers", .integer(totalLayers)),
            ("layers_measured", .integer(measuredLayers)), ("threads", .integer(command.threads.count)),
            ("head", .text(command.head.head.rawValue)), ("context", .integer(command.context)),
            ("cache_type", .text(command.cache.cacheType.rawValue)),
            ("prefill_chunk", .integer(command.prefillChunk)),
            ("weight_bytes", .integer(Int(meter.memory.weights))),
            ("cache_bytes", .integer(Int(meter.memory.cache))),
            ("scratch_bytes", .integer(Int(meter.memory.scratch))),
        ]
        members += zip(["decode", "batch8", "prefill"], phases).map { ($0, Self.json($1)) }
        return .object(members)
    }

    private static func json(_ phase: ModelBench.Phase) -> JSONValue {
        .object([
            ("seconds", .number(phase.seconds)), ("tokens", .integer(phase.tokensPerRun)),
            ("read_bytes", .integer(Int(phase.byteCount))),
            ("read_bytes_per_second", .number(phase.readRate)),
            ("read_seconds", .number(phase.readSeconds)), ("read_ratio", .number(phase.readRatio)),
            ("multiply_seconds", .optional(phase.multiplySeconds)), ("rounds", .integer(phase.rounds)),
            (
                "sections",
                .object(
                    phase.sections.filter { $0.seconds > 0 }.map {
                        ("\($0.section)", .number($0.seconds))
                    })
            ),
        ])
    }
}
