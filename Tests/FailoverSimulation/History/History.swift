// SPDX-License-Identifier: MIT
import TestSupport

/// A cluster, what is asked of it, and what befalls it meanwhile: all that a seed decides.
package struct History: Equatable, Sendable {
    package let seed: UInt64
    let setting: Setting
    /// Whether workers have the parts on disk.
    let isPrepared: Bool
    var wishes: [Wish]
    var faults: [Fault]
    /// Whether it is as it was drawn.
    private(set) var isWhole = true
    /// Whether the seed decides all of it.
    private var isDrawn = true

    package init(seed: UInt64) {
        self.seed = seed
        var random = SeededGenerator(seed: seed)
        let setting = Setting(&random)
        self.setting = setting
        isPrepared = random.once(in: 2)
        var faults: [Fault] = []
        for _ in 0..<random.roll(1...5) {
            faults.append(Fault(&random, workerCount: setting.workers.count, beside: faults))
        }
        self.faults = faults.sorted { $0.begin < $1.begin }
        let common = Wish.commonPrompt(&random, setting)
        let asksOther = faults.contains { $0.kind == .secondCoordinator || $0.kind == .supplanted }
        wishes = (0..<random.roll(3...10)).map { _ in
            Wish(&random, setting, common: common, asksOther: asksOther)
        }
    }

    /// What is drawn differs when more can be drawn; this does not.
    ///
    /// - Parameters:
    ///   - memory: of each worker, bytes: a layer takes 20 and one for each slot, a stage 3, the first and the last 5 more.
    ///   - seed: what is asked.
    package init(
        memory: [UInt64], spares: [UInt64] = [], layerCount: Int, isPrepared: Bool = true, _ faults: [Fault],
        seed: UInt64 = 1
    ) {
        self.seed = seed
        self.isPrepared = isPrepared
        self.faults = faults
        setting = Setting(memory: memory, spares: spares, layerCount: layerCount)
        isDrawn = false
        var random = SeededGenerator(seed: seed)
        let common = Wish.commonPrompt(&random, setting)
        wishes = []
        for _ in 0..<8 { wishes.append(Wish(&random, setting, common: common, asksOther: false)) }
    }

    /// Only some of what befalls it, and of what is asked, by their numbers.
    package init(seed: UInt64, faults: [Int], wishes: [Int]) {
        self.init(seed: seed)
        self.faults = faults.map { self.faults[$0] }
        self.wishes = wishes.map { self.wishes[$0] }
        isWhole = false
    }

    /// It without one of its parts, each in turn.
    var shorter: [History] {
        let withoutFault = faults.indices.map { index in
            var history = self
            history.faults.remove(at: index)
            return history
        }
        let withoutWish = wishes.indices.map { index in
            var history = self
            history.wishes.remove(at: index)
            return history
        }
        return (withoutFault + withoutWish).map { history in
            var history = history
            history.isWhole = false
            return history
        }
    }

    /// Swift that makes it again.
    package var name: String {
        guard isDrawn else { return "\(faults)" }
        guard !isWhole else { return "History(seed: \(seed))" }
        let drawn = History(seed: seed)
        let faultNumbers = faults.compactMap { drawn.faults.firstIndex(of: $0) }
        let wishNumbers = wishes.compactMap { drawn.wishes.firstIndex(of: $0) }
        return "History(seed: \(seed), faults: \(faultNumbers), wishes: \(wishNumbers))"
    }
}
