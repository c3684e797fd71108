// SPDX-License-Identifier: MIT
package import BitNetCore
import BitNetFormats
package import ClusterPlanning
import ClusterWire

extension Diagnosis {
    /// For programs; figures that are not known are `null`.
    package func json(cluster: String) -> JSONValue {
        let status =
            switch gravest {
            case .failure: 2
            case .warning: 1
            case .note, nil: 0
            }
        return .object([
            ("cluster", .text(cluster)), ("build", .text(build)), ("status", .integer(status)),
            ("here", own.map(Self.object) ?? .null), ("workers", .list(workers.map(Self.object))),
            ("findings", .list(findings.map(Self.object))),
        ])
    }

    private static func object(_ finding: Finding) -> JSONValue {
        .object([
            ("severity", .text(finding.severity.rawValue)),
            ("worker", finding.worker.map { .text($0) } ?? .null), ("summary", .text(finding.summary)),
            ("remedy", .text(finding.remedy)),
        ])
    }

    private static func object(_ report: WorkerReport) -> JSONValue {
        var members: [(key: String, value: JSONValue)] = [
            ("name", .text(report.name)), ("address", .text(report.address)),
            ("spare", .flag(report.isSpare)),
        ]
        switch report.outcome {
        case .failed(let trouble, let message):
            members += [("trouble", .text(trouble.rawValue)), ("message", .text(message))]
        case .examined(let examination):
            members += [
                ("clock_skew_seconds", .optional(report.clockSkewSeconds)),
                ("examination", object(examination)),
                ("way_from_here", report.way.map(object) ?? .null),
                ("ways", report.ways.map { .list($0.map(object)) } ?? .null),
            ]
        }
        return .object(members)
    }

    private static func object(_ way: WayReport) -> JSONValue {
        .object([
            ("to", .text(way.to)), ("latency_seconds", .optional(way.measured?.latencySeconds)),
            ("bytes_per_second", .optional(way.measured?.bytesPerSecond)),
            ("error", way.error.map { .text($0) } ?? .null),
        ])
    }

    private static func object(_ examination: Examination) -> JSONValue {
        .object([
            ("build", .text(examination.build)),
            ("protocol_min", .integer(Int(clamping: examination.versionMin))),
            ("protocol_max", .integer(Int(clamping: examination.versionMax))),
            ("state", .text("\(examination.state)")), ("holder", .text(examination.holder)),
            ("processor", .text(examination.processor)), ("isa", .text(examination.isa)),
            ("isa_offered", .text(examination.isaOffered)),
            ("physical_cores", number(examination.physicalCoreCount)),
            ("logical_processors", number(examination.logicalProcessorCount)),
            ("affine_processors", number(examination.affineProcessorCount)),
            ("usable_processors", number(examination.usableProcessorCount)),
            ("threads", number(examination.threadCount)),
            ("frequency_khz", number(examination.processorKilohertz)),
            ("frequency_max_khz", number(examination.processorKilohertzMax)),
            ("governor", .text(examination.governor)),
            ("stage_memory_bytes", number(examination.stageMemoryByteCount)),
            ("memory_limit_bytes", number(examination.memoryLimitByteCount)),
            ("swap_total_bytes", number(examination.swapTotalByteCount)),
            ("swap_used_bytes", number(examination.swapUsedByteCount)),
            ("huge_pages", .text(examination.hugePages)),
            ("store_write_seconds", .optional(examination.storeWriteMicros.map { Double($0) / 1e6 })),
            ("store_error", .text(examination.storeError)),
            ("steal_fraction", .optional(examination.stealPerMillion.map { Double($0) / 1e6 })),
            ("open_files_max", number(examination.openFilesMax)),
            ("machine", examination.machine.map(object) ?? .null),
        ])
    }

    private static func object(_ machine: MachineFigures) -> JSONValue {
        .object([
            ("process_cpu_seconds", .optional(machine.processCPUMicros.map { Double($0) / 1e6 })),
            ("process_uptime_seconds", .optional(machine.processUptimeMicros.map { Double($0) / 1e6 })),
            ("process_resident_bytes", number(machine.processResidentByteCount)),
            ("memory_total_bytes", number(machine.memoryTotalByteCount)),
            ("memory_available_bytes", number(machine.memoryAvailableByteCount)),
            ("store_total_bytes", number(machine.storeTotalByteCount)),
            ("store_free_bytes", number(machine.storeFreeByteCount)),
            ("load_average", .optional(machine.loadAverageMilli.map { Double($0) / 1e3 })),
        ])
    }

    private static func number(_ value: UInt64?) -> JSONValue {
        value.map { .integer(Int(clamping: $0)) } ?? .null
    }
}
