// SPDX-License-Identifier: MIT

/// Reads what Linux tells of processors and their settings; as ``ProcText``.
package enum ProcessorText {
    /// Of /proc/cpuinfo.
    package struct Cores: Equatable {
        /// Without those that share a core; `nil` where the kernel does not tell, as on ARM and in some machines of
        /// clouds.
        package var physical: UInt64?
        package var logical: UInt64
        package var name: String?
    }

    package static func cores(in cpuinfo: String) -> Cores? {
        var cores = Cores(physical: nil, logical: 0, name: nil)
        var seen: Set<[Substring]> = []
        var package: Substring = ""
        for line in cpuinfo.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard let key = parts.first?.split(whereSeparator: \.isWhitespace).joined(separator: " ") else {
                continue
            }
            let value = parts.count == 2 ? parts[1].drop(while: \.isWhitespace) : ""
            switch key {
            case "processor": cores.logical += 1
            case "physical id": package = value
            case "core id": seen.insert([package, value])
            case "model name": cores.name = cores.name ?? String(value)
            default: break
            }
        }
        guard cores.logical > 0 else { return nil }
        cores.physical = seen.isEmpty ? nil : UInt64(seen.count)
        return cores
    }

    /// How many processors a list such as `0-3,8,10-11` names.
    package static func count(ofList text: String) -> UInt64? {
        var count: UInt64 = 0
        for range in text.split(separator: ",") {
            let ends = range.split(separator: "-", omittingEmptySubsequences: false).map {
                UInt32($0, radix: 10)
            }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last
            else { return nil }
            count += UInt64(clamping: last - first) + 1
        }
        return count > 0 ? count : nil
    }

    /// The line `name` of /proc/self/status.
    package static func status(_ name: String, in text: String) -> String? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0] == name {
                return parts[1].split(whereSeparator: \.isWhitespace).joined(separator: " ")
            }
        }
        return nil
    }

    /// The word in brackets, as in `always [madvise] never`.
    package static func chosen(in text: String) -> String? {
        guard let opening = text.firstIndex(of: "["),
            let closing = text[opening...].firstIndex(of: "]")
        else { return nil }
        let word = text[text.index(after: opening)..<closing]
        return word.isEmpty ? nil : String(word)
    }
}
