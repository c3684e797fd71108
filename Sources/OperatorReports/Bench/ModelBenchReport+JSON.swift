// SPDX-License-Identifier: MIT
package import BitNetCore
import BitNetEngine
import BitNetFormats

extension ModelBenchReport {
    private static let phaseKeys = ["decode", "batch8", "prefill"]

    /// For programs.
    package var json: JSONValue {
        var members = machine.members
        for (key, phase) in zip(Self.phaseKeys, phases) {
            members.append(("\(key)_tokens_per_second", .number(phase.tokensPerSecond)))
        }
        members += [
            ("resident_bytes", .number(residentByteCount.rounded())), ("model", .text(model)),
            ("synthetic", .flag(isSynthetic)), ("layers", .integer(layerCount)),
            ("layers_measured", .integer(measuredLayerCount)), ("threads", .integer(options.threadCount)),
            ("head", .text(options.headType.rawValue)), ("context", .integer(options.context)),
            ("cache_type", .text(options.cacheType.rawValue)),
            ("prefill_chunk", .integer(options.prefillChunk)),
            ("weight_bytes", .integer(Int(clamping: memory.weights))),
            ("cache_bytes", .integer(Int(clamping: memory.cache))),
            ("scratch_bytes", .integer(Int(clamping: memory.scratch))),
        ]
        members += zip(Self.phaseKeys, phases).map { ($0, Self.object($1)) }
        return .object(members)
    }

    private static func object(_ phase: ModelBench.Phase) -> JSONValue {
        let sections = phase.sections.filter { $0.seconds > 0 }
        return .object([
            ("seconds", .number(phase.seconds)), ("tokens", .integer(phase.tokensPerRun)),
            ("read_bytes", .integer(Int(clamping: phase.byteCount))),
            ("read_bytes_per_second", .number(phase.readRate)),
            ("read_seconds", .number(phase.readSeconds)), ("read_ratio", .number(phase.readRatio)),
            ("multiply_seconds", .optional(phase.multiplySeconds)), ("rounds", .integer(phase.rounds)),
            ("sections", .object(sections.map { ("\($0.section)", .number($0.seconds)) })),
        ])
    }
}
