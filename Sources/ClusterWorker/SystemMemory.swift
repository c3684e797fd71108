// SPDX-License-Identifier: MIT
import BitNetCore
import Glibc

/// Memory that this process may use.
package enum SystemMemory {
    /// Nine tenths of what the kernel calls available, within the cgroup's limit, bytes.
    package static var usableByteCount: UInt64 {
        let available =
            availableByteCount ?? UInt64(max(sysconf(Int32(_SC_PHYS_PAGES)), 0)) * UInt64(getpagesize())
        let limit = (try? text(of: "/sys/fs/cgroup/memory.max")).flatMap { UInt64($0) } ?? .max
        return min(available, limit) / 10 * 9
    }

    private static var availableByteCount: UInt64? {
        guard let lines = try? text(of: "/proc/meminfo").split(separator: "\n"),
            let line = lines.first(where: { $0.hasPrefix("MemAvailable:") }),
            let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ UInt64($0) })
        else { return nil }
        return kibibytes << 10
    }

    private static func text(of path: String) throws -> String {
        let file = try FileDescriptor(path: path, flags: O_RDONLY)
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(file.number, &bytes, bytes.count)
        var text = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
