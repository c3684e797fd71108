// SPDX-License-Identifier: MIT

/// Memory that the control groups of this process leave it: the tightest of all levels up to the root.
package struct ControlGroupMemory: Equatable {
    /// Bytes; `nil` where nothing is limited.
    package private(set) var limit: UInt64?
    /// Bytes of the limit that are not taken, or can be taken back from the page cache.
    package private(set) var available: UInt64?

    /// Version 1 writes 2^63 - 1, rounded down to a page, for no limit.
    private static let unlimited: UInt64 = 1 << 62
    /// Levels that a hierarchy is followed up.
    private static let depthMax = 64

    /// - Parameters:
    ///   - membership: The text of /proc/self/cgroup.
    ///   - mount: As /sys/fs/cgroup.
    ///   - read: The text of a file.
    package init(membership: String, mount: String, read: (String) -> String?) {
        for line in membership.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let group = String(fields[2])
            if fields[1].isEmpty {
                follow(mount, group, read, ("memory.max", "memory.current", "inactive_file"))
                follow(mount + "/unified", group, read, ("memory.max", "memory.current", "inactive_file"))
            } else if fields[1].split(separator: ",").contains("memory") {
                let names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
                for hierarchy in Set([String(fields[1]), "memory"]) {
                    follow(mount + "/" + hierarchy, group, read, names)
                }
            }
        }
    }

    private mutating func follow(
        _ root: String, _ group: String, _ read: (String) -> String?,
        _ names: (limit: String, usage: String, reclaimable: String)
    ) {
        var levels = group.split(separator: "/").prefix(Self.depthMax)
        while true {
            let directory = ([root] + levels.map(String.init)).joined(separator: "/")
            if let limit = read("\(directory)/\(names.limit)").flatMap({ UInt64($0, radix: 10) }),
                limit < Self.unlimited
            {
                self.limit = min(self.limit ?? .max, limit)
                if let usage = read("\(directory)/\(names.usage)").flatMap({ UInt64($0, radix: 10) }) {
                    let statistics = read("\(directory)/memory.stat") ?? ""
                    let fields = ProcText.fields(names.reclaimable, in: statistics)
                    let reclaimable = fields.flatMap { $0.count == 2 ? UInt64($0[1], radix: 10) : nil } ?? 0
                    let held = usage - min(reclaimable, usage)
                    available = min(available ?? .max, limit - min(held, limit))
                }
            }
            if levels.popLast() == nil { return }
        }
    }
}
