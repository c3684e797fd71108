// SPDX-License-Identifier: MIT

import CClusterProto

/// What a process and its machine take and have.
///
/// Figures that are not known are `nil`; sums only rise, until the process or the machine starts anew. Nothing is
/// promised of what a peer tells: whoever uses it checks it.
package struct MachineFigures: Equatable, Sendable {
    /// Processor time of the process, all threads, user and system.
    package var processCPUMicros: UInt64?
    /// Since the process started.
    package var processUptimeMicros: UInt64?
    /// Memory that the process holds.
    package var processResidentByteCount: UInt64?
    /// Of the machine, or what the control group may take.
    package var memoryTotalByteCount: UInt64?
    /// What can still be taken without swapping.
    package var memoryAvailableByteCount: UInt64?
    /// Size of the file system that holds the store.
    package var storeTotalByteCount: UInt64?
    /// What the process may still write there.
    package var storeFreeByteCount: UInt64?
    /// Sum over the machine's processors, idle or not, since its start.
    package var processorsTotalMicros: UInt64?
    /// The part of it that other virtual machines took.
    package var processorsStealMicros: UInt64?
    /// Threads that run or wait, over one minute, times 1000.
    package var loadAverageMilli: UInt64?

    package init() {}

    /// Share of processor time that other virtual machines took since `earlier`, 0...1; `nil` if it is not known.
    package func stealFraction(since earlier: MachineFigures) -> Double? {
        guard let total = Self.rise(earlier.processorsTotalMicros, processorsTotalMicros), total > 0,
            let steal = Self.rise(earlier.processorsStealMicros, processorsStealMicros)
        else { return nil }
        return min(Double(steal) / Double(total), 1)
    }

    /// Processors that the process kept busy since `earlier`, on average; `nil` if it is not known.
    package func coresActive(since earlier: MachineFigures) -> Double? {
        guard let time = Self.rise(earlier.processUptimeMicros, processUptimeMicros), time > 0,
            let busy = Self.rise(earlier.processCPUMicros, processCPUMicros)
        else { return nil }
        return Double(busy) / Double(time)
    }

    /// `nil` too if the figure fell: the process is another one.
    private static func rise(_ earlier: UInt64?, _ later: UInt64?) -> UInt64? {
        guard let earlier, let later, later >= earlier else { return nil }
        return later - earlier
    }
}

/// A number of a message that may be missing.
struct Figure: GeneratedMessage {
    var value: UInt64

    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Figure>) {
        cluster__figure__init(structure)
    }

    func write(to structure: inout Cluster__Figure, arena: EncodingArena) {
        structure.value = value
    }

    init(value: UInt64) {
        self.value = value
    }

    init(_ structure: Cluster__Figure) throws(WireError) {
        value = FieldReader(Self.self).figure(structure.value)
    }
}

/// Where a message's missing or present numbers stand in its structure.
typealias FigureFields<Message, Structure> = [(
    value: WritableKeyPath<Message, UInt64?>,
    field: WritableKeyPath<Structure, UnsafeMutablePointer<Cluster__Figure>?>
)]

extension MachineFigures: GeneratedMessage {
    private static var fields: FigureFields<Self, Cluster__MachineFigures> {
        [
            (\.processCPUMicros, \.process_cpu_micros),
            (\.processUptimeMicros, \.process_uptime_micros),
            (\.processResidentByteCount, \.process_resident_byte_count),
            (\.memoryTotalByteCount, \.memory_total_byte_count),
            (\.memoryAvailableByteCount, \.memory_available_byte_count),
            (\.storeTotalByteCount, \.store_total_byte_count),
            (\.storeFreeByteCount, \.store_free_byte_count),
            (\.processorsTotalMicros, \.processors_total_micros),
            (\.processorsStealMicros, \.processors_steal_micros),
            (\.loadAverageMilli, \.load_average_milli),
        ]
    }

    static func initialise(_ structure: UnsafeMutablePointer<Cluster__MachineFigures>) {
        cluster__machine_figures__init(structure)
    }

    func write(to structure: inout Cluster__MachineFigures, arena: EncodingArena) {
        for (value, field) in Self.fields {
            structure[keyPath: field] = self[keyPath: value].map { arena.structure(Figure(value: $0)) }
        }
    }

    init(_ structure: Cluster__MachineFigures) throws(WireError) {
        self.init()
        for (value, field) in Self.fields {
            self[keyPath: value] = try structure[keyPath: field].map { figure throws(WireError) in
                try Figure(figure.pointee).value
            }
        }
    }
}
