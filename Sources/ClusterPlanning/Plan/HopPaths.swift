// SPDX-License-Identifier: MIT

/// The shortest way of a step over the links between the workers of a set, from one end to the other.
///
/// Held and Karp's dynamic programming: the way over a set that ends with a worker is the best way over the set
/// without it, and one link more. Links that would take longer than a stage may are left out; which ones
/// depends on the bound, so tables are made for as many bounds as make a difference.
struct HopPaths {
    private let groups: WorkerGroups
    private let hops: [[RoundCosts.Hop]]
    private let openings: [RoundCosts.Hop]
    private let closings: [RoundCosts.Hop]
    /// Every transfer that there is, ascending.
    private let transfers: [Double]
    /// What all links between workers take, if they are alike.
    private let hopAlike: RoundCosts.Hop?
    private let stageCountMax: Int
    private var tables: [Int: Table] = [:]

    private struct Table {
        /// By first group, set and last group; infinite if there is no way.
        var seconds: [Double]
    }

    init(costs: RoundCosts, groups: WorkerGroups) {
        self.groups = groups
        stageCountMax = costs.stageCount
        let firsts = groups.members.map { $0[0] }
        // Of a group with two or more, two different ones stand for any two.
        let hops = groups.members.map { members in
            groups.members.map { others in
                let receiver = members[0] == others[0] ? others[others.count - 1] : others[0]
                return costs.hop(from: members[0], to: receiver)
            }
        }
        self.hops = hops
        openings = firsts.map { costs.opening(to: $0) }
        closings = firsts.map { costs.closing(from: $0) }
        let real = groups.members.indices.flatMap { one in
            groups.members.indices.compactMap { other in
                one == other && groups.members[one].count == 1 ? nil : hops[one][other]
            }
        }
        transfers = Set((real + openings + closings).map(\.transferSeconds)).sorted()
        hopAlike = real.allSatisfy { $0 == real[0] } ? real.first : nil
    }

    /// A round's links for the workers of `set` with these groups at its ends, or `nil` if there is no way on which
    /// no transfer takes longer than `transferSecondsMax`.
    ///
    /// - Returns: all links together, and a bound on the transfers among them that is one of them or smaller than
    ///   any other that would be allowed.
    mutating func links(
        set: Int, first: Int, last: Int, transferSecondsMax: Double
    ) -> (seconds: Double, transferSeconds: Double)? {
        let (opening, closing) = (openings[first], closings[last])
        let transferAtEnds = max(opening.transferSeconds, closing.transferSeconds)
        guard transferAtEnds <= transferSecondsMax else { return nil }
        let ends = opening.seconds + closing.seconds
        if stageCountMax == 1 { return (ends, transferAtEnds) }
        if let hopAlike {
            guard hopAlike.transferSeconds <= transferSecondsMax else { return nil }
            return (
                ends + Double(stageCountMax - 1) * hopAlike.seconds,
                max(transferAtEnds, hopAlike.transferSeconds)
            )
        }
        let allowedCount = allowedCount(transferSecondsMax)
        let path = table(allowedCount).seconds[index(first, set, last)]
        return path < .infinity ? (ends + path, transfers[allowedCount - 1]) : nil
    }

    /// The groups on the shortest way, in order.
    mutating func path(set: Int, first: Int, last: Int, transferSecondsMax: Double) -> [Int] {
        if stageCountMax == 1 { return [first] }
        if hopAlike != nil { return middle(of: set, first, last) }
        let table = table(allowedCount(transferSecondsMax))
        var path = [last]
        var (set, end) = (set, last)
        while path.count < stageCountMax {
            let rest = set - groups.strides[end]
            let before = groups.members.indices.min {
                reach(table, first, rest, $0, to: end) < reach(table, first, rest, $1, to: end)
            }
            guard let before else { break }
            path.append(before)
            (set, end) = (rest, before)
        }
        return path.reversed()
    }

    private func reach(_ table: Table, _ first: Int, _ set: Int, _ last: Int, to next: Int) -> Double {
        table.seconds[index(first, set, last)] + hops[last][next].seconds
    }

    /// All of the set, in the groups' order between the ends.
    private func middle(of set: Int, _ first: Int, _ last: Int) -> [Int] {
        var counts = groups.counts(of: set)
        counts[first] -= 1
        counts[last] -= 1
        return [first] + counts.indices.flatMap { Array(repeating: $0, count: counts[$0]) } + [last]
    }

    private func index(_ first: Int, _ set: Int, _ last: Int) -> Int {
        (first * groups.setCount + set) * groups.members.count + last
    }

    private func allowedCount(_ transferSecondsMax: Double) -> Int {
        transfers.firstIndex { $0 > transferSecondsMax } ?? transfers.count
    }

    private mutating func table(_ allowedCount: Int) -> Table {
        if let table = tables[allowedCount] { return table }
        // Bounds only get tighter in a search; old tables are of no more use.
        if tables.count >= 4 { tables = [:] }
        let table = makeTable(transferSecondsMax: allowedCount > 0 ? transfers[allowedCount - 1] : -1)
        tables[allowedCount] = table
        return table
    }

    private func makeTable(transferSecondsMax: Double) -> Table {
        let groupCount = groups.members.count
        var seconds = [Double](repeating: .infinity, count: groupCount * groups.setCount * groupCount)
        let sets = (1..<groups.setCount).map { (set: $0, counts: groups.counts(of: $0)) }
            .filter { $0.counts.reduce(0, +) < stageCountMax }
        for first in 0..<groupCount {
            seconds[index(first, groups.strides[first], first)] = 0
            // A larger set has a larger number, so that all ways to a set are known when it is its turn.
            for (set, counts) in sets {
                for last in 0..<groupCount where seconds[index(first, set, last)] < .infinity {
                    let reached = seconds[index(first, set, last)]
                    for next in 0..<groupCount where counts[next] < groups.members[next].count {
                        let hop = hops[last][next]
                        guard hop.transferSeconds <= transferSecondsMax else { continue }
                        let place = index(first, set + groups.strides[next], next)
                        seconds[place] = min(seconds[place], reached + hop.seconds)
                    }
                }
            }
        }
        return Table(seconds: seconds)
    }
}
