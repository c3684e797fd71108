// SPDX-License-Identifier: MIT
import BitNetCore
import Glibc

/// What this process has open, and its threads.
struct ProcessFigures: Sendable {
    let openFiles: [String]
    let threadCount: Int

    var descriptorCount: Int { openFiles.count }

    init() {
        openFiles = FileSystem.entries(of: "/proc/self/fd").compactMap { name in
            var target = [CChar](repeating: 0, count: 256)
            let count = readlink("/proc/self/fd/\(name)", &target, target.count)
            guard count > 0 else { return nil }
            return String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        threadCount = FileSystem.entries(of: "/proc/self/task").count
    }

    /// Once there are no more than there were, or for the last time after some seconds: what is let go of may be
    /// closed a moment later.
    static func settled(at before: ProcessFigures) async -> ProcessFigures {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let now = ProcessFigures()
            if now.descriptorCount <= before.descriptorCount || .now > deadline { return now }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}
