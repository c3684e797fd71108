// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import Testing

/// Texts that begin alike, prefixes that are shared, steps of several slots, and stages that end at any moment and are
/// followed by others with some of what they knew.
@Suite struct RecallHistoryTests {
    private static let model = RecallTests.model
    private static let slotCount = 3
    /// Their first 21 tokens are the same.
    private static let texts: [[UInt32]] = (0..<3).map { text in
        (0..<60).map { (position: Int) -> UInt32 in
            let shift = position > 20 ? 11 * text : 0
            return UInt32((37 * position + shift) % 251)
        }
    }

    /// One history.
    private struct Play {
        var random: TestRandom
        var local: LocalModel
        var cuts: [Int] = [2, 4]
        /// What each slot holds in all stages.
        var held = [[UInt32]](repeating: [], count: slotCount)
        let alone: LocalModel

        init(_ seed: UInt64) throws {
            random = TestRandom(seed &* 0x9E37_79B9_7F4A_7C15 | 1)
            local = try RecallTests.pipeline(cuts, cache: .f16)
            alone = try RecallTests.pipeline([], cache: .f16)
        }

        mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

        /// Other stages follow, on machines that have been any of the old stages, or none.
        mutating func changeStages() throws {
            let left = local.stages.map { $0.leave() }
            cuts = (1..<6).filter { _ in Bool.random(using: &random) }
            var heirs: [Int?] = left.indices.map { $0 } + [nil, nil]
            if below(3) > 0 { heirs.shuffle(using: &random) }
            let room: UInt64 = below(2) == 0 ? 0 : .max
            let pool = try ComputePool(threadCount: 1)
            let ranges = try LayerRange.cut(layerCount: model.layerCount, before: cuts)
            local = LocalModel(
                stages: try ranges.enumerated().map { index, layers in
                    let kept = index < heirs.count ? heirs[index].flatMap { left[$0] } : nil
                    let settings = RecallTests.settings(.f16)
                    return try RecallTests.stage(
                        layers, pool, cache: .f16,
                        kept: kept?.claimed(by: layers, of: model, settings, room: room))
                })
            held = Array(repeating: [], count: slotCount)
        }

        /// Begins with one of the texts, or with what a slot held, and goes on otherwise from anywhere.
        mutating func text() -> [UInt32] {
            var text = Array(texts[below(texts.count)].prefix(3 + below(57)))
            if below(3) == 0 {
                let change = below(text.count)
                text[change] = UInt32(below(250))
            }
            return text
        }

        /// Opens a slot for a text; what of it need not be sent.
        mutating func open(_ slot: Int, for text: [UInt32]) throws -> Int {
            let source = below(slotCount)
            let common = min(zip(held[source], text).prefix { $0 == $1 }.count, text.count - 1)
            let shared = common > 0 && below(2) == 0 ? 1 + below(common) : 0
            let prefix = shared > 0 ? SharedPrefix(slot: UInt32(source), tokenCount: UInt32(shared)) : nil
            try local.open(slot: UInt32(slot), prefix: prefix)
            held[slot] = Array(text.prefix(shared))
            return shared
        }

        /// Reads texts side by side, each in a slot of its own, and compares what follows each of them.
        mutating func read() throws {
            let slots = (0..<slotCount).shuffled(using: &random).prefix(1 + below(2))
            let texts = slots.map { _ in text() }
            var sent: [Int] = []
            for (slot, text) in zip(slots, texts) { sent.append(try open(slot, for: text)) }
            while zip(sent, texts).contains(where: { $0 < $1.count }) {
                var step: [StepEntry] = []
                for (index, slot) in slots.enumerated() {
                    let text = texts[index]
                    let end = min(sent[index] + below(20), text.count)
                    for position in sent[index]..<end {
                        let isLast = position == text.count - 1
                        step.append(
                            StepEntry(
                                slot: UInt32(slot), position: UInt32(position), token: text[position],
                                output: isLast ? .sample : .none))
                    }
                    sent[index] = end
                    held[slot] = Array(text[..<end])
                }
                guard !step.isEmpty else { continue }
                for result in try local.run(step) {
                    let text = texts[slots.firstIndex(of: Int(result.slot)) ?? 0]
                    try #expect(result == expected(text).moved(to: result.slot), "\(cuts), \(text)")
                }
                // Everything ends in the middle.
                if below(12) == 0 { return try changeStages() }
            }
            for slot in slots { local.close(slot: UInt32(slot)) }
        }

        func expected(_ text: [UInt32]) throws -> StepResult {
            try alone.open(slot: 0)
            defer { alone.close(slot: 0) }
            var step = entries(text)
            step[step.count - 1].output = .sample
            return try #require(try alone.run(step).first)
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `whatever came before, a text is followed by what follows it alone`(seed: UInt64) throws {
        var play = try Play(seed)
        for _ in 0..<30 {
            try play.read()
            if play.below(4) == 0 { try play.changeStages() }
        }
    }
}
