// SPDX-License-Identifier: MIT
import BitNetCore
import Glibc

/// What this process has open, its threads and its memory.
package struct ProcessFigures: Sendable {
    package let openFiles: [String]
    package let threadCount: Int
    package let residentByteCount: Int

    package var descriptorCount: Int { openFiles.count }

    package init() {
        openFiles = FileSystem.entries(of: "/proc/self/fd").compactMap { name in
            var target = [CChar](repeating: 0, count: 256)
            let count = readlink("/proc/self/fd/\(name)", &target, target.count)
            guard count > 0 else { return nil }
            return String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        threadCount = FileSystem.entries(of: "/proc/self/task").count
        let pages = SmallFile.text("/proc/self/statm")?.split(separator: " ").dropFirst().first
        residentByteCount = pages.flatMap { Int($0) }.map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) } ?? 0
    }

    /// Once there are hardly more than there were, or for the last time after some seconds: what is let go of may be
    /// closed a moment later.
    package static func settled(at before: ProcessFigures, moreDescriptors: Int = 0) async -> ProcessFigures {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let now = ProcessFigures()
            if now.descriptorCount <= before.descriptorCount + moreDescriptors || .now > deadline {
                return now
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}
