// SPDX-License-Identifier: MIT
import BitNetCore
import Testing

/// Connections of this machine, as the kernel lists them.
enum OpenSockets {
    /// Ends of connections with one of these local ports that are open on this side.
    static func count(onPortOf addresses: [String]) throws -> Int {
        let text = try #require(SmallFile.text("/proc/self/net/tcp", bytesMax: 16 << 20))
        let ports = try addresses.map { address in
            let port = try #require(address.split(separator: ":").last.flatMap { UInt16($0) })
            let digits = String(port, radix: 16, uppercase: true)
            return String(repeating: "0", count: 4 - digits.count) + digits
        }
        return text.split(separator: "\n").dropFirst().count { line in
            let fields = line.split(separator: " ")
            // Established, or closed by the other side only.
            guard fields.count > 3, ["01", "08"].contains(fields[3]) else { return false }
            return ports.contains { fields[1].hasSuffix(":" + $0) || fields[2].hasSuffix(":" + $0) }
        }
    }

    /// Returns when there are none; for ever, if somebody keeps one.
    static func untilNone(onPortOf addresses: [String]) async throws {
        while try count(onPortOf: addresses) > 0 { try await Task.sleep(for: .milliseconds(2)) }
    }
}
