// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats

/// How a test runs a model.
struct Setup {
    var cuts: [Int] = []
    var slots = 1
    var context = 512
    var cacheType = CacheType.f32
    var tokensPerStepMax = 64
    var threads = 1
    var kernels = KernelChoice.auto
    /// `nil` for what kernels do by themselves.
    var mode: KernelMode?
    var headType = HeadType.exact
    var segmentLayers = 0

    func load(_ model: GoldenModel) throws -> LocalModel { try load(model.packed()) }

    func load(_ packed: PackedModel) throws -> LocalModel {
        try LocalModel(
            model: packed.description, cuts: cuts,
            cache: CacheShape(
                slots: slots, context: min(context, packed.description.contextLength), type: cacheType),
            tokensPerStepMax: tokensPerStepMax, pool: ComputePool(threadCount: threads),
            kernels: mode.map { try Kernels(kernels, mode: $0, threadCount: threads) } ?? Kernels(kernels),
            headType: headType, segmentLayers: segmentLayers, pack: packed.part)
    }
}

/// Entries of consecutive tokens of one slot.
func entries(
    _ ids: some Sequence<UInt32>, slot: UInt32 = 0, from position: Int = 0,
    output: StepEntry.Output = .none
) -> [StepEntry] {
    ids.enumerated().map { index, token in
        StepEntry(slot: slot, position: UInt32(position + index), token: token, output: output)
    }
}

extension LocalModel {
    func run(_ entries: [StepEntry]) throws -> [StepResult] { try forward(Step(id: 0, entries: entries)) }

    /// Log-probabilities `[vocabulary]` after each of `ids`, read in steps of `chunk` tokens.
    ///
    /// With a prefix, which `ids` begins with, only those after the tokens that come after it.
    func logProbabilities(
        _ ids: [UInt32], slot: UInt32 = 0, chunk: Int = 64, prefix: SharedPrefix? = nil
    ) throws -> [[Float]] {
        try open(slot: slot, prefix: prefix)
        defer { close(slot: slot) }
        return try stride(from: Int(prefix?.tokenCount ?? 0), to: ids.count, by: chunk).flatMap { start in
            try logProbabilities(
                Step(
                    id: 0,
                    entries: entries(
                        ids[start..<min(start + chunk, ids.count)], slot: slot, from: start, output: .sample))
            )
        }
    }

    /// Reads `prompt`, or what of it comes after a prefix, in steps of `chunk` tokens and then samples `count`
    /// tokens.
    func generate(
        _ prompt: [UInt32], count: Int, slot: UInt32 = 0, sampling: SamplingParameters = .init(),
        prefix: SharedPrefix? = nil, chunk: Int = 64
    ) throws -> [StepResult] {
        try open(
            slot: slot, sampling: sampling, promptTokenCount: UInt32(prompt.count), prefix: prefix)
        defer { close(slot: slot) }
        let start = Int(prefix?.tokenCount ?? 0)
        var next = entries(prompt[start...], slot: slot, from: start)
        next[next.count - 1].output = .sample
        var results: [StepResult] = []
        while results.count < count {
            for start in stride(from: 0, to: next.count, by: chunk) {
                results += try run(Array(next[start..<min(start + chunk, next.count)]))
            }
            guard let last = results.last else { break }
            next = entries([last.token], slot: slot, from: Int(last.position) + 1, output: .sample)
        }
        return results
    }
}

/// A small generator for tests: reproducible, and not the one under test.
struct TestRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
