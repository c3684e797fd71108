// SPDX-License-Identifier: MIT
import BitNetCore
package import ClusterWire
import Glibc

extension MachineFigures {
    /// What they are now, as far as the system tells; reads files, and waits for them.
    ///
    /// - Parameter storeDirectory: where parts are kept.
    package static func current(storeDirectory: String) -> MachineFigures {
        var figures = MachineFigures()
        figures.processCPUMicros = micros(of: CLOCK_PROCESS_CPUTIME_ID)
        if let process = SmallFile.text("/proc/self/stat").flatMap(ProcText.processState) {
            figures.processResidentByteCount = process.residentPages.multiplied(
                by: UInt64(clamping: getpagesize()))
            if let now = micros(of: CLOCK_BOOTTIME), let start = microsPerTick(process.startTicks) {
                figures.processUptimeMicros = now - min(start, now)
            }
        }
        if let ticks = SmallFile.text("/proc/stat").flatMap(ProcText.processorTicks) {
            figures.processorsTotalMicros = microsPerTick(ticks.total)
            figures.processorsStealMicros = microsPerTick(ticks.steal)
        }
        figures.loadAverageMilli = SmallFile.text("/proc/loadavg").flatMap(ProcText.loadAverageMilli)
        let memory = SystemMemory.current
        figures.memoryTotalByteCount = memory.totalByteCount
        figures.memoryAvailableByteCount = memory.availableByteCount
        var store = statvfs()
        if statvfs(storeDirectory, &store) == 0 {
            figures.storeTotalByteCount = UInt64(clamping: store.f_blocks).multiplied(
                by: UInt64(clamping: store.f_frsize))
            figures.storeFreeByteCount = UInt64(clamping: store.f_bavail).multiplied(
                by: UInt64(clamping: store.f_frsize))
        }
        return figures
    }

    private static func micros(of clock: clockid_t) -> UInt64? {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return nil }
        return UInt64(clamping: time.tv_sec).multiplied(by: 1_000_000)?
            .addingSaturating(UInt64(clamping: time.tv_nsec) / 1000)
    }

    private static func microsPerTick(_ ticks: UInt64) -> UInt64? {
        let perSecond = UInt64(clamping: sysconf(Int32(clamping: _SC_CLK_TCK)))
        return perSecond > 0 ? ticks.multiplied(by: 1_000_000 / perSecond) : nil
    }
}
