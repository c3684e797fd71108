// SPDX-License-Identifier: MIT
import BitNetCore
import Glibc

/// Memory that this process may use.
package struct SystemMemory: Equatable, Sendable {
    /// Of the machine, or what the control group may take, bytes.
    package var totalByteCount: UInt64?
    /// What can still be taken without swapping, within the control group, bytes.
    package var availableByteCount: UInt64?
    /// What the control group may take, bytes; `nil` if it is not limited.
    package var limitByteCount: UInt64?
    package var swapTotalByteCount: UInt64?
    package var swapFreeByteCount: UInt64?

    /// - Parameter meminfo: The text of /proc/meminfo.
    package init(meminfo: String, group: ControlGroupMemory) {
        limitByteCount = group.limit
        let total = ProcText.memory("MemTotal", in: meminfo)
        totalByteCount = total.map { min($0, group.limit ?? .max) } ?? group.limit
        let available = ProcText.memory("MemAvailable", in: meminfo)
        availableByteCount = available.map { min($0, group.available ?? group.limit ?? .max) }
        swapTotalByteCount = ProcText.memory("SwapTotal", in: meminfo)
        swapFreeByteCount = ProcText.memory("SwapFree", in: meminfo)
    }

    /// What it is now; reads files.
    package static var current: SystemMemory {
        SystemMemory(
            meminfo: SmallFile.text("/proc/meminfo") ?? "",
            group: ControlGroupMemory(
                membership: SmallFile.text("/proc/self/cgroup") ?? "", mount: "/sys/fs/cgroup",
                read: { SmallFile.text($0) }))
    }

    /// Nine tenths of what is available, bytes.
    package static var usableByteCount: UInt64 {
        let memory = current
        let physical =
            UInt64(clamping: sysconf(Int32(clamping: _SC_PHYS_PAGES)))
            .multiplied(by: UInt64(clamping: getpagesize())) ?? .max
        return (memory.availableByteCount ?? min(physical, memory.limitByteCount ?? .max)) / 10 * 9
    }
}
