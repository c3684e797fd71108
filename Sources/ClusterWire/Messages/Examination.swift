// SPDX-License-Identifier: MIT

import BitNetCore
import CClusterProto
import CProtobufC

/// Examiner to worker: tell how you are.
package struct Examine: BriefMessage {
    package static let frameType = FrameType.examine

    package init() {}

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Examine: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Examine>) {
        cluster__examine__init(structure)
    }

    func write(to structure: inout Cluster__Examine, arena: EncodingArena) {}

    init(_ structure: Cluster__Examine) throws(WireError) {}
}

/// Worker to examiner: the answer to ``Examine``.
///
/// What is not known is `nil` or empty. Nothing is promised of what a peer tells.
package struct Examination: BriefMessage {
    package static let frameType = FrameType.examination

    package var build = ""
    /// Protocol versions that the worker speaks.
    package var versionMin: UInt32 = 0
    package var versionMax: UInt32 = 0
    package var state = WorkerStateCode.other
    /// Who holds the worker; empty if nobody does.
    package var holder = ""
    package var machine: MachineFigures?
    /// The worker's wall clock when the answer left, since 1970.
    package var clockMicros: UInt64?
    /// Share of processor time that others took while it looked.
    package var stealPerMillion: UInt64?
    /// The processor's name.
    package var processor = ""
    /// Instruction set of the kernels in use.
    package var isa = ""
    /// The fastest that the processor could run.
    package var isaOffered = ""
    package var physicalCoreCount: UInt64?
    package var logicalProcessorCount: UInt64?
    /// That the affinity mask allows.
    package var affineProcessorCount: UInt64?
    /// Within the affinity mask and the control groups' quota.
    package var usableProcessorCount: UInt64?
    /// Compute threads that a stage gets.
    package var threadCount: UInt64?
    /// Memory that a stage may take.
    package var stageMemoryByteCount: UInt64?
    /// Of the control groups.
    package var memoryLimitByteCount: UInt64?
    package var swapTotalByteCount: UInt64?
    package var swapUsedByteCount: UInt64?
    /// Transparent huge pages: `always`, `madvise` or `never`.
    package var hugePages = ""
    /// To write and sync `Limits.examinedWriteBytes` where parts are kept.
    package var storeWriteMicros: UInt64?
    /// Why that failed; empty if it did not.
    package var storeError = ""
    /// Of the fastest processor now.
    package var processorKilohertz: UInt64?
    /// That it can reach.
    package var processorKilohertzMax: UInt64?
    /// Of its frequency.
    package var governor = ""
    /// Files and connections that the process may have open.
    package var openFilesMax: UInt64?

    package init() {}

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Examination: GeneratedMessage {
    private static var fields: FigureFields<Self, Cluster__Examination> {
        [
            (\.clockMicros, \.clock_micros), (\.stealPerMillion, \.steal_per_million),
            (\.physicalCoreCount, \.physical_core_count),
            (\.logicalProcessorCount, \.logical_processor_count),
            (\.affineProcessorCount, \.affine_processor_count),
            (\.usableProcessorCount, \.usable_processor_count), (\.threadCount, \.thread_count),
            (\.stageMemoryByteCount, \.stage_memory_byte_count),
            (\.memoryLimitByteCount, \.memory_limit_byte_count),
            (\.swapTotalByteCount, \.swap_total_byte_count), (\.swapUsedByteCount, \.swap_used_byte_count),
            (\.storeWriteMicros, \.store_write_micros), (\.processorKilohertz, \.processor_kilohertz),
            (\.processorKilohertzMax, \.processor_kilohertz_max), (\.openFilesMax, \.open_files_max),
        ]
    }

    private static var names: TextFields<Self, Cluster__Examination> {
        [
            ("build", \.build, \.build), ("processor", \.processor, \.processor), ("isa", \.isa, \.isa),
            ("isa_offered", \.isaOffered, \.isa_offered), ("huge_pages", \.hugePages, \.huge_pages),
            ("governor", \.governor, \.governor),
        ]
    }

    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Examination>) {
        cluster__examination__init(structure)
    }

    func write(to structure: inout Cluster__Examination, arena: EncodingArena) {
        structure.version_min = versionMin
        structure.version_max = versionMax
        structure.state = Cluster__WorkerState(rawValue: state.rawValue)
        structure.holder = arena.text(WireText.prose(holder, bytesMax: Limits.examinedErrorBytesMax))
        structure.machine = machine.map(arena.structure)
        structure.store_error = arena.text(WireText.prose(storeError, bytesMax: Limits.examinedErrorBytesMax))
        for (value, field) in Self.fields {
            structure[keyPath: field] = self[keyPath: value].map { arena.structure(Figure(value: $0)) }
        }
        for (_, value, field) in Self.names {
            structure[keyPath: field] = arena.text(WireText.name(self[keyPath: value]))
        }
    }

    init(_ structure: Cluster__Examination) throws(WireError) {
        self.init()
        let reader = FieldReader(Self.self)
        versionMin = structure.version_min
        versionMax = structure.version_max
        state = WorkerStateCode(rawValue: structure.state.rawValue) ?? .other
        holder = try reader.prose("holder", structure.holder.bytes, bytesMax: Limits.examinedErrorBytesMax)
        if let held = structure.machine { machine = try MachineFigures(held.pointee) }
        storeError = try reader.prose(
            "store_error", structure.store_error.bytes, bytesMax: Limits.examinedErrorBytesMax)
        for (value, field) in Self.fields {
            self[keyPath: value] = try structure[keyPath: field].map { figure throws(WireError) in
                try Figure(figure.pointee).value
            }
        }
        for (name, value, field) in Self.names {
            self[keyPath: value] = try reader.name(name, structure[keyPath: field].bytes)
        }
    }
}

/// Where a message's names stand in its structure.
private typealias TextFields<Message, Structure> = [(
    name: String, value: WritableKeyPath<Message, String>,
    field: WritableKeyPath<Structure, ProtobufCBinaryData>
)]
