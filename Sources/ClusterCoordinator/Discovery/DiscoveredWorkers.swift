// SPDX-License-Identifier: MIT
package import BitNetCore

/// Who the workers are that a name stands for.
///
/// An address says nothing of who is there: a worker that comes back may have another one, and its old one may be
/// somebody else's. What a worker is called it says itself, when it proves that it is of the cluster.
package struct DiscoveredWorkers: Equatable, Sendable {
    /// What one of the addresses turned out to be.
    package struct Answer: Equatable, Sendable {
        /// Where it was found.
        package var address: HostPort
        /// Where it is reached: the same, or a name that follows it to its next address.
        package var place: HostPort
        /// What it calls itself; empty for one that was given no name.
        package var name: String
        /// Which process it is.
        package var processID: UInt64

        package init(address: HostPort, place: HostPort? = nil, name: String, processID: UInt64) {
            self.address = address
            self.place = place ?? address
            self.name = name
            self.processID = processID
        }
    }

    private struct Known: Equatable {
        var address: HostPort
        var place: HostPort
    }

    /// Those that have ever answered, by name.
    private var known: [String: Known] = [:]

    package init() {}

    /// Takes what is known now.
    ///
    /// - Parameters:
    ///   - addresses: all that the name stands for.
    ///   - answers: of those that answered.
    ///   - count: how many workers there should be.
    /// - Returns: the workers by name, numbers in their order; and names that two processes have.
    package mutating func take(
        addresses: [HostPort], answers: [Answer], count: Int
    ) -> (workers: [(name: String, place: HostPort)], ambiguous: [String]) {
        var owners: [String: UInt64] = [:]
        var members: [String: HostPort] = [:]
        var ambiguous: Set<String> = []
        for answer in answers {
            let name = answer.name.isEmpty ? "\(answer.address)" : answer.name
            if let owner = owners[name] {
                // Else it is one that has two addresses.
                if owner != answer.processID { ambiguous.insert(name) }
                continue
            }
            owners[name] = answer.processID
            members[name] = answer.place
            known[name] = Known(address: answer.address, place: answer.place)
        }
        let silent = Set(addresses).subtracting(answers.map(\.address))
        for (name, worker) in known where members[name] == nil && silent.contains(worker.address) {
            members[name] = worker.place
        }
        // Who has gone from the name may be on its way back, as long as it is missed.
        for name in known.keys.sorted(by: Self.isBefore) where members.count < count && members[name] == nil {
            members[name] = known[name]?.place
        }
        // A cluster whose workers have other names each time would remember all that ever were.
        if known.count > Limits.workersMax { known = known.filter { members[$0.key] != nil } }
        let workers = members.sorted { Self.isBefore($0.key, $1.key) }.map { (name: $0.key, place: $0.value) }
        return (workers, ambiguous.sorted(by: Self.isBefore))
    }

    /// `worker-2` before `worker-10`.
    private static func isBefore(_ left: String, _ right: String) -> Bool {
        func parts(_ name: String) -> (Substring, Int, String) {
            let digits = name.reversed().prefix { ("0"..."9").contains($0) }.count
            let start = name.index(name.endIndex, offsetBy: -min(digits, 18))
            return (name[..<start], Int(name[start...], radix: 10) ?? -1, name)
        }
        return parts(left) < parts(right)
    }
}
