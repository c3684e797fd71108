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

    /// Workers to plan without, one choice after the other; nobody is the last, as all may be well again.
    ///
    /// Whose trouble it is cannot be told from one cut: the receiver is left out first, then the sender. One who has part
    /// in several is left out before those at their other ends.
    package var choices: [Set<String>] {
        let choices = [
            unfit.union(leftOut(\.receiver, before: \.sender)),
            unfit.union(leftOut(\.sender, before: \.receiver)), unfit,
        ]
        return choices.filter { !$0.isEmpty } + [[]]
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
