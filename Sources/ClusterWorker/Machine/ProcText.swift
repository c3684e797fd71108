// SPDX-License-Identifier: MIT
import BitNetCore

/// Reads what Linux tells under /proc.
///
/// Whatever the text holds, a figure is right or missing.
package enum ProcText {
    /// What the processors of a machine did since its start, clock ticks.
    package struct ProcessorTicks: Equatable {
        /// Sum over all processors, idle or not.
        package var total: UInt64
        /// Taken by other virtual machines.
        package var steal: UInt64
    }

    /// What a process takes.
    package struct ProcessState: Equatable {
        /// After the machine's start, clock ticks.
        package var startTicks: UInt64
        package var residentPages: UInt64
    }

    /// The line `name` of /proc/meminfo, bytes.
    package static func memory(_ name: String, in text: String) -> UInt64? {
        guard let fields = fields("\(name):", in: text), fields.count == 3, fields[2] == "kB",
            let kibibytes = UInt64(fields[1], radix: 10)
        else { return nil }
        return kibibytes.multiplied(by: 1024)
    }

    /// The words of the first line that has `first` as its first one.
    ///
    /// Looks at bytes, and takes apart what it found only: each heartbeat asks for several lines of long texts.
    static func fields(_ first: String, in text: String) -> [Substring]? {
        var rest = text.utf8[...]
        while !rest.isEmpty {
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest[line.endIndex...].dropFirst()
            guard line.starts(with: first.utf8) else { continue }
            let fields = Substring(line).split { $0 == " " || $0 == "\t" }
            if let word = fields.first, word == first { return fields }
        }
        return nil
    }

    /// The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal; guests are part of user.
    package static func processorTicks(in text: String) -> ProcessorTicks? {
        guard let line = text.split(separator: "\n", maxSplits: 1).first else { return nil }
        let fields = line.split(separator: " ")
        guard fields.first == "cpu", fields.count >= 9 else { return nil }
        var total: UInt64 = 0
        for field in fields[1...8] {
            guard let ticks = UInt64(field, radix: 10) else { return nil }
            let (sum, isTooLarge) = total.addingReportingOverflow(ticks)
            guard !isTooLarge else { return nil }
            total = sum
        }
        return UInt64(fields[8], radix: 10).map { ProcessorTicks(total: total, steal: $0) }
    }

    /// /proc/self/stat; the program's name may hold anything, so that fields count from behind it.
    package static func processState(in text: String) -> ProcessState? {
        guard let nameEnd = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: nameEnd)...].split(separator: " ")
        // The state is field 3, the start 22, the pages 24.
        guard fields.count >= 22, let start = UInt64(fields[19], radix: 10),
            let pages = UInt64(fields[21], radix: 10)
        else {
            return nil
        }
        return ProcessState(startTicks: start, residentPages: pages)
    }

    /// The first number of /proc/loadavg, times 1000.
    package static func loadAverageMilli(in text: String) -> UInt64? {
        guard let field = text.split(separator: " ").first, let load = Double(field),
            (0...1e9).contains(load)
        else { return nil }
        return UInt64(clamping: (load * 1000).rounded())
    }
}
