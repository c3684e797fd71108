// SPDX-License-Identifier: MIT
import BitNetCore

/// Some layers of ``ToyModel``, with the state of each slot.
struct ToyStage {
    /// What one sequence has left here.
    private struct Slot {
        var opening: Opening
        /// Of each layer, a value for each position; a stage cannot know of a position that it has not computed.
        var states: [[UInt64]]
        var tokens: [UInt32]
    }

    /// What a stage was asked that it cannot do.
    struct Complaint: Error { let message: String }

    let layers: LayerRange
    let slotCount: Int
    private let isLast: Bool
    private var open: [UInt32: Slot] = [:]
    private var closed: [UInt32: Slot] = [:]

    init(layers: LayerRange, of layerCount: Int, slotCount: Int) {
        self.layers = layers
        self.slotCount = slotCount
        isLast = layers.end == layerCount
    }

    var openSlotCount: Int { open.count }

    mutating func open(_ opening: Opening) throws(Complaint) {
        guard opening.slot < slotCount else {
            throw Complaint(message: "slot \(opening.slot) of \(slotCount) is opened")
        }
        guard open[opening.slot] == nil else {
            throw Complaint(message: "slot \(opening.slot) is opened while it is open")
        }
        var slot = Slot(opening: opening, states: layers.indices.map { _ in [] }, tokens: [])
        if let prefix = opening.prefix {
            let count = Int(clamping: prefix.tokenCount)
            guard let held = open[prefix.slot] ?? closed[prefix.slot], count > 0,
                count <= held.tokens.count
            else {
                throw Complaint(
                    message: "\(count) tokens of slot \(prefix.slot) are wanted, which does not hold them")
            }
            slot.states = held.states.map { Array($0.prefix(count)) }
            slot.tokens = Array(held.tokens.prefix(count))
        }
        closed[opening.slot] = nil
        open[opening.slot] = slot
    }

    mutating func close(_ slot: UInt32) throws(Complaint) {
        guard let state = open.removeValue(forKey: slot) else {
            throw Complaint(message: "slot \(slot) is closed, but is not open")
        }
        closed[slot] = state
    }

    /// - Parameter hop: what the stage before has made of each entry; empty for the first.
    /// - Returns: the same for the next one, or what the last one returns.
    mutating func compute(
        _ step: Step, hop: [UInt64]
    ) throws(Complaint) -> (hop: [UInt64], results: [StepResult]) {
        guard layers.first == 0 || hop.count == step.entries.count else {
            throw Complaint(
                message: "step \(step.id) of \(step.entries.count) entries brings \(hop.count) hops")
        }
        var outputs: [UInt64] = []
        var results: [StepResult] = []
        for (index, entry) in step.entries.enumerated() {
            let input = layers.first == 0 ? ToyModel.embed(entry.token, at: entry.position) : hop[index]
            outputs.append(try compute(entry, input))
            guard isLast, let slot = open[entry.slot] else { continue }
            let generated = slot.tokens.dropFirst(Int(clamping: slot.opening.promptTokenCount))
            if let result = ToyModel.result(
                of: entry, outputs[index], slot.opening.sampling, generated: generated)
            {
                results.append(result)
            }
        }
        return (outputs, results)
    }

    private mutating func compute(_ entry: StepEntry, _ input: UInt64) throws(Complaint) -> UInt64 {
        guard let index = open.index(forKey: entry.slot) else {
            throw Complaint(message: "a token comes for slot \(entry.slot), which is not open")
        }
        let count = open.values[index].tokens.count
        guard Int(clamping: entry.position) == count else {
            throw Complaint(
                message:
                    "position \(entry.position) comes for slot \(entry.slot), which holds \(count) tokens")
        }
        open.values[index].tokens.append(entry.token)
        var value = input
        for layer in 0..<layers.count {
            let before = open.values[index].states[layer].last ?? 0
            value = ToyModel.layer(layers.first + layer, value, after: before)
            open.values[index].states[layer].append(value)
        }
        return value
    }
}
