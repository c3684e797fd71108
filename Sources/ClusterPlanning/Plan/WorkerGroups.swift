// SPDX-License-Identifier: MIT

/// Workers that a plan cannot tell apart: equally fast, with equal memory, and connected alike.
///
/// A set of workers is then how many of each group it has, of which there are far fewer than subsets.
struct WorkerGroups {
    /// Indices of workers, ascending; in the order of each group's first.
    let members: [[Int]]
    /// How far a set's number moves with one more worker of each group.
    let strides: [Int]
    let setCount: Int

    /// Sets times pairs of ends up to which every order is tried: twelve workers that all differ.
    private static let casesMax = 650_000

    /// - Returns: `nil` if there are too many sets to try.
    init?(workers: [WorkerOffer], links: LinkMatrix) {
        var members: [[Int]] = []
        for index in workers.indices {
            let group = members.firstIndex {
                Self.areAlike(index, $0[0], workers: workers, links: links)
            }
            if let group {
                members[group].append(index)
            } else {
                members.append([index])
            }
            // One set at least for each further worker.
            guard members.count * members.count <= Self.casesMax / (index + 1) else { return nil }
        }
        var strides: [Int] = []
        var setCount = 1
        for group in members {
            strides.append(setCount)
            setCount *= group.count + 1
            guard setCount * members.count * members.count <= Self.casesMax else { return nil }
        }
        self.members = members
        self.strides = strides
        self.setCount = setCount
    }

    /// How many workers of each group the set has.
    func counts(of set: Int) -> [Int] {
        members.indices.map { set / strides[$0] % (members[$0].count + 1) }
    }

    /// Whether two workers may change places in any plan.
    ///
    /// This is an equivalence: what is alike to one worker of a group is alike to all of them.
    private static func areAlike(_ one: Int, _ other: Int, workers: [WorkerOffer], links: LinkMatrix) -> Bool
    {
        let (left, right) = (workers[one], workers[other])
        guard left.profile == right.profile, left.memoryCost == right.memoryCost,
            left.memoryByteCount == right.memoryByteCount
        else { return false }
        if links.isAssumed { return true }
        let (first, second) = (LinkMatrix.End.worker(left.name), LinkMatrix.End.worker(right.name))
        guard links[first, second] == links[second, first],
            links[.coordinator, first] == links[.coordinator, second],
            links[first, .coordinator] == links[second, .coordinator]
        else { return false }
        return workers.indices.allSatisfy { index in
            let third = LinkMatrix.End.worker(workers[index].name)
            return index == one || index == other
                || (links[first, third] == links[second, third]
                    && links[third, first] == links[third, second])
        }
    }
}
