// SPDX-License-Identifier: MIT

/// What has kept workers that answer from being stages, and whom to plan without until that is over.
package struct PlacementObstacles: Equatable, Sendable {
    private struct Cut: Equatable {
        let sender: String
        let receiver: String
    }

    /// Workers that could not take what they were given.
    private var unfit: Set<String> = []
    private var cuts: [Cut] = []

    package init() {}

    /// The worker could not take its layers, as its disk is full, say, or was lost while it did.
    package mutating func append(unfit worker: String) { unfit.insert(worker) }

    /// Nothing gets from `sender` to `receiver`.
    package mutating func append(cutFrom sender: String, to receiver: String) {
        cuts.append(Cut(sender: sender, receiver: receiver))
    }

    /// Workers to plan without, one choice after the other; nobody is the last, as all may be well again, and is none
    /// while others may still come.
    ///
    /// Whose trouble it is cannot be told from one cut: the receiver is left out first, then the sender. One who has part
    /// in several is left out before those at their other ends.
    package func choices(whileOthersMayCome isPatient: Bool) -> [Set<String>] {
        let choices = [
            unfit.union(leftOut(\.receiver, before: \.sender)),
            unfit.union(leftOut(\.sender, before: \.receiver)), unfit,
        ].filter { !$0.isEmpty }
        return isPatient && !choices.isEmpty ? choices : choices + [[]]
    }

    /// The first choice that can be planned.
    ///
    /// - Throws: what is wrong with the last one.
    package func first<Placed, Failure>(
        whileOthersMayCome isPatient: Bool, _ plan: (_ avoided: Set<String>) throws(Failure) -> Placed
    ) throws(Failure) -> Placed {
        let choices = choices(whileOthersMayCome: isPatient)
        for avoided in choices.dropLast() {
            if let placed = try? plan(avoided) { return placed }
        }
        return try plan(choices.last ?? [])
    }

    private func leftOut(_ first: KeyPath<Cut, String>, before second: KeyPath<Cut, String>) -> Set<String> {
        var names: Set<String> = []
        var rest = cuts.filter { !unfit.contains($0.sender) && !unfit.contains($0.receiver) }
        while !rest.isEmpty {
            let ends = rest.map { $0[keyPath: first] } + rest.map { $0[keyPath: second] }
            func count(_ name: String) -> Int { ends.count { $0 == name } }
            var most = ends[0]
            for name in ends where count(name) > count(most) { most = name }
            names.insert(most)
            rest.removeAll { $0.sender == most || $0.receiver == most }
        }
        return names
    }
}
