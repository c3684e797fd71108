// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import Testing

/// What must not change a single bit of the result: chunks, threads, instruction set, company.
@Suite struct BitIdentityTests {
    private static let prompt: [UInt32] = (0..<70).map { ($0 * 37 + 11) % 251 }

    private static let variants: [(name: String, setup: Setup, chunk: Int)] =
        [
            ("chunks of 1", Setup(), 1),
            ("chunks of 7", Setup(), 7),
            ("2 threads", Setup(threads: 2), 64),
            ("3 threads, chunks of 5", Setup(threads: 3), 5),
            ("room for one token only", Setup(tokensPerStepMax: 1), 1),
        ]
        + KernelChoice.available.flatMap { kernels in
            [
                ("\(kernels), whole", Setup(kernels: kernels), 64),
                ("\(kernels), token by token", Setup(kernels: kernels), 1),
            ]
                + KernelMode.allCases.flatMap { mode in
                    [1, 5, 64].map { chunk in
                        (
                            "\(kernels), \(mode), chunks of \(chunk)",
                            Setup(threads: chunk == 5 ? 3 : 1, kernels: kernels, mode: mode), chunk
                        )
                    }
                }
        }

    /// The largest model goes through the slowest kernels whole only.
    private static func variants(of model: GoldenModel) -> [(name: String, setup: Setup, chunk: Int)] {
        model == .stories ? variants.filter { $0.setup.kernels != .scalar || $0.chunk == 64 } : variants
    }

    @Test(arguments: GoldenModel.allCases, CacheType.allCases)
    func `chunks, threads and instruction sets give the same bits`(
        _ model: GoldenModel, _ type: CacheType
    ) throws {
        var reference = Setup()
        reference.cacheType = type
        let expected = try reference.load(model).logProbabilities(Self.prompt)
        for variant in Self.variants(of: model) {
            var setup = variant.setup
            setup.cacheType = type
            let found = try setup.load(model).logProbabilities(Self.prompt, chunk: variant.chunk)
            #expect(found == expected, "\(variant.name)")
        }
    }

    @Test func `the same cuts give the same bits, whatever the kernels and threads`() throws {
        for cuts in [[], [1], [1, 2]] {
            let expected = try Setup(cuts: cuts).load(.awkward90).logProbabilities(Self.prompt)
            for kernels in KernelChoice.available {
                let found = try Setup(cuts: cuts, threads: 2, kernels: kernels).load(.awkward90)
                    .logProbabilities(Self.prompt, chunk: 9)
                #expect(found == expected, "cuts \(cuts), \(kernels)")
            }
        }
    }

    @Test(arguments: GoldenModel.allCases, [1, 2])
    func `with segments it does not matter where stages begin`(
        _ model: GoldenModel, segmentLayers: Int
    ) throws {
        let prompt = Array(Self.prompt.prefix(24))
        let layerCount = try model.packed().description.layerCount
        let ends = (1..<layerCount).filter { $0.isMultiple(of: segmentLayers) }
        func probabilities(_ cuts: [Int], segmentLayers: Int = 0, chunk: Int = 64) throws -> [[Float]] {
            try Setup(cuts: cuts, segmentLayers: segmentLayers).load(model)
                .logProbabilities(prompt, chunk: chunk)
        }
        // What every end as a hop would give.
        let expected = try probabilities(ends)
        #expect(try probabilities([], segmentLayers: segmentLayers) == expected)
        #expect(try probabilities(ends, segmentLayers: segmentLayers) == expected)
        for end in ends {
            #expect(try probabilities([end], segmentLayers: segmentLayers, chunk: 5) == expected)
        }
        if !ends.isEmpty { #expect(try probabilities([]) != expected) }
    }

    @Test func `a cut adds the rounding of one hop and nothing else`() throws {
        let whole = try Setup().load(.stories).logProbabilities(Self.prompt)
        let cut = try Setup(cuts: [2]).load(.stories).logProbabilities(Self.prompt)
        let differences = zip(whole.joined(), cut.joined()).map { abs($0 - $1) }
        #expect(whole != cut)
        #expect(differences.reduce(0, +) / Float(differences.count) < 0.05)
    }

    @Test(arguments: CacheType.allCases)
    func `a sequence does not notice what else is in the step`(_ type: CacheType) throws {
        for mode in KernelMode.allCases { try checkCompany(type, mode) }
    }

    private func checkCompany(_ type: CacheType, _ mode: KernelMode) throws {
        let prompts: [[UInt32]] = (0..<4).map { n in
            (0..<UInt32(5 + 3 * n)).map { ($0 * 29 + UInt32(n)) % 250 }
        }
        let alone = try prompts.map { prompt in
            try Setup(cacheType: type).load(.awkward90).generate(prompt, count: 8)
        }
        let local = try Setup(slots: 4, cacheType: type, threads: 2, mode: mode).load(.awkward90)
        for slot in 0..<4 { try local.open(slot: UInt32(slot)) }
        // One token of one prompt after another, so that prefill, decode and waiting mix in every step.
        var waiting = prompts
        var results = Array(repeating: [StepResult](), count: 4)
        for round in 0..<60 {
            var step: [StepEntry] = []
            for slot in 0..<4 where round.isMultiple(of: slot + 1) {
                let position = prompts[slot].count - waiting[slot].count + results[slot].count
                if waiting[slot].isEmpty {
                    guard results[slot].count < 8, let last = results[slot].last else { continue }
                    step += entries(
                        [last.token], slot: UInt32(slot), from: Int(last.position) + 1, output: .sample)
                } else {
                    let chunk = Array(waiting[slot].prefix(1 + slot))
                    waiting[slot].removeFirst(chunk.count)
                    step += entries(chunk, slot: UInt32(slot), from: position)
                    if waiting[slot].isEmpty { step[step.count - 1].output = .sample }
                }
            }
            guard !step.isEmpty else { continue }
            for var result in try local.run(step) {
                let slot = Int(result.slot)
                result.slot = 0
                results[slot].append(result)
            }
        }
        #expect(results == alone, "\(mode)")
    }

    @Test func `a replay from an earlier position gives the same tokens`() throws {
        let local = try Setup(cuts: [2]).load(.awkward90)
        let prompt = Array(Self.prompt.prefix(20))
        let expected = try local.generate(prompt, count: 10)
        try local.open(slot: 0)
        _ = try local.run(entries(prompt))
        _ = try local.run(entries((0..<12).map { $0 }, from: 20))
        // The coordinator went back: the tokens after position 15 were another sequence's.
        let replayed = try local.run(
            entries(prompt[15...], from: 15).dropLast()
                + entries(prompt.suffix(1), from: 19, output: .sample))
        #expect(replayed == Array(expected.prefix(1)))
        var results = replayed
        while results.count < 10, let last = results.last {
            results += try local.run(entries([last.token], from: Int(last.position) + 1, output: .sample))
        }
        #expect(results == expected)
    }
}
