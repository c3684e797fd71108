// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import Testing

/// Stages that go on with what earlier ones knew of sequences must not differ by a bit from those that compute all of it.
@Suite struct RecallTests {
    static let model = ModelDescription(
        name: "six layers",
        shape: .init(
            layerCount: 6, hiddenSize: 70, feedForwardSize: 90, headCount: 2, keyValueHeadCount: 1,
            headSize: 20,
            vocabularySize: 260, hasSubNorms: true),
        contextLength: 96, normEpsilon: 1e-5, ropeBase: 10_000, activation: .squaredReLU,
        rotaryPairing: .halves, hasTiedHead: true)
    private static let packed = Result { try PackedModel(random: model, seed: 7) }
    private static let prompt: [UInt32] = (0..<40).map { ($0 * 37 + 11) % 251 }

    /// A division of the layers, another one that follows it, and which of the first one's stages are left.
    struct Change: Sendable, CustomTestStringConvertible {
        let before: [Int]
        let after: [Int]
        /// For each stage afterwards, the stage before whose machine it is on; `nil` for a machine that knows nothing.
        let heirs: [Int?]
        var testDescription: String { "\(before) → \(after), \(heirs)" }

        static let all = [
            Change(before: [2, 4], after: [2, 4], heirs: [0, 1, 2]),
            Change(before: [2, 4], after: [2, 4], heirs: [nil, 1, 2]),
            Change(before: [2, 4], after: [2, 4], heirs: [0, nil, 2]),
            Change(before: [2, 4], after: [2, 4], heirs: [0, 1, nil]),
            Change(before: [1, 3, 5], after: [1, 3, 5], heirs: [0, nil, nil, 3]),
            // The lost layers go to who has those before them, or those after them.
            Change(before: [2, 4], after: [4], heirs: [0, 2]),
            Change(before: [2, 4], after: [2], heirs: [0, 2]),
            Change(before: [2, 4], after: [4], heirs: [1, 2]),
            Change(before: [2, 4], after: [2], heirs: [0, 1]),
            Change(before: [3], after: [], heirs: [0]),
            Change(before: [3], after: [], heirs: [1]),
            // A worker gives layers away.
            Change(before: [3], after: [2, 3], heirs: [0, nil, 1]),
            Change(before: [2], after: [2, 4], heirs: [0, 1, nil]),
            Change(before: [2], after: [2, 4], heirs: [0, nil, 1]),
            Change(before: [1, 5], after: [3], heirs: [1, 2]),
        ]
    }

    static func stage(
        _ layers: LayerRange, _ pool: ComputePool, cache: CacheType, kept: KeptStates? = nil
    ) throws -> Stage {
        let packed = try packed.get()
        return try StageLoader.load(
            model: model, layers: layers, settings: settings(cache), kernels: Kernels(), pool: pool,
            kept: kept
        ) { kind, body in try packed.part(kind).withBytes(body) }
    }

    static func settings(_ cache: CacheType) -> StageSettings {
        StageSettings(
            cache: CacheShape(slots: 3, context: 96, type: cache), stepTokensMax: 64, headType: .exact,
            segmentLayers: 1, keepsStates: true)
    }

    private static func ranges(_ cuts: [Int]) throws -> [LayerRange] {
        try LayerRange.cut(layerCount: model.layerCount, before: cuts)
    }

    static func pipeline(_ cuts: [Int], cache: CacheType) throws -> LocalModel {
        let pool = try ComputePool(threadCount: 1)
        return LocalModel(stages: try ranges(cuts).map { try stage($0, pool, cache: cache) })
    }

    /// What follows `former` after the change.
    private static func successor(
        of former: LocalModel, _ change: Change, cache: CacheType, room: UInt64 = .max
    ) throws -> LocalModel {
        let pool = try ComputePool(threadCount: 1)
        let left = former.stages.map { $0.leave() }
        let ranges = try ranges(change.after)
        return LocalModel(
            stages: try zip(ranges, change.heirs).map { layers, heir in
                let kept = heir.flatMap { left[$0] }?
                    .claimed(by: layers, of: model, settings(cache), room: room)
                return try stage(layers, pool, cache: cache, kept: kept)
            })
    }

    /// Chooses `count` tokens after `known`, of which nothing is known to begin with.
    private static func goOn(
        _ local: LocalModel, _ known: [UInt32], count: Int, slot: UInt32, prefix: SharedPrefix? = nil,
        chunk: Int
    ) throws -> [StepResult] {
        var sampling = SamplingParameters()
        sampling.temperature = 1
        sampling.repetitionPenalty = 2
        sampling.seed = 5
        return try local.generate(
            known, count: count, slot: slot, sampling: sampling, prefix: prefix, chunk: chunk)
    }

    @Test(arguments: Change.all, CacheType.allCases)
    func `text goes on where it stood, whoever has which layers`(_ change: Change, _ cache: CacheType) throws
    {
        let undisturbed = try Self.pipeline([], cache: cache)
        let expected = try Self.goOn(undisturbed, Self.prompt, count: 24, slot: 0, chunk: 64)
        for room in [UInt64.max, 0] {
            let former = try Self.pipeline(change.before, cache: cache)
            let early = try Self.goOn(former, Self.prompt, count: 8, slot: 1, chunk: 7)
            #expect(early.map(\.token) == expected.prefix(8).map(\.token))
            let next = try Self.successor(of: former, change, cache: cache, room: room)
            let known = Self.prompt + early.map(\.token)
            let late = try Self.goOn(next, known, count: 8, slot: 1, chunk: 11)
            #expect(late == Array(expected[8..<16]).map { $0.moved(to: 1) })
            // And once more, with what the second ones knew.
            let again = Change(
                before: change.after, after: change.after, heirs: (0...change.after.count).map { $0 })
            let last = try Self.successor(of: next, again, cache: cache)
            let all = known + late.map(\.token)
            #expect(
                try Self.goOn(last, all, count: 8, slot: 1, chunk: 5)
                    == expected[16...].map { $0.moved(to: 1) })
        }
    }

    @Test func `other tokens than those that are known are computed`() throws {
        let change = Change.all[0]
        for deviation in [0, 1, 17, 39, 40] {
            let former = try Self.pipeline(change.before, cache: .f16)
            _ = try Self.goOn(former, Self.prompt + [1], count: 4, slot: 0, chunk: 64)
            let next = try Self.successor(of: former, change, cache: .f16)
            var other = Self.prompt + [1]
            other[deviation] += 1
            let expected = try Self.goOn(Self.pipeline([], cache: .f16), other, count: 9, slot: 0, chunk: 64)
            #expect(try Self.goOn(next, other, count: 9, slot: 0, chunk: 10) == expected, "\(deviation)")
        }
    }

    @Test func `who shares what is known knows it as well`() throws {
        let change = Change(before: [2, 4], after: [2, 4], heirs: [0, nil, 2])
        let former = try Self.pipeline(change.before, cache: .f16)
        _ = try Self.goOn(former, Self.prompt, count: 4, slot: 0, chunk: 64)
        _ = try Self.goOn(former, Self.prompt.reversed(), count: 4, slot: 2, chunk: 64)
        let next = try Self.successor(of: former, change, cache: .f16)
        let expected = try Self.goOn(
            Self.pipeline([], cache: .f16), Self.prompt, count: 9, slot: 0, chunk: 64)
        _ = try Self.goOn(next, Self.prompt, count: 2, slot: 0, chunk: 9)
        for slot: UInt32 in [1, 2] {
            let found = try Self.goOn(
                next, Self.prompt, count: 9, slot: slot, prefix: SharedPrefix(slot: 0, tokenCount: 30),
                chunk: 64)
            #expect(found == expected.map { $0.moved(to: slot) })
        }
        let last = try Self.successor(
            of: next, Change(before: [2, 4], after: [2, 4], heirs: [0, 1, 2]), cache: .f16)
        #expect(
            try Self.goOn(last, Self.prompt, count: 9, slot: 2, chunk: 9) == expected.map { $0.moved(to: 2) })
    }

    /// A copy may leave anything behind the prefix, up to the end of what stands together.
    @Test(arguments: [1, 15, 17, 30], [[0, nil, 2], [0, 1], [0, 2]] as [[Int?]])
    func `a slot that shares what it knows already knows the rest as well`(
        count: Int, heirs: [Int?]
    ) throws {
        let after = heirs.count == 3 ? [2, 4] : heirs[1] == 1 ? [2] : [4]
        let change = Change(before: [2, 4], after: after, heirs: heirs)
        let other = Self.prompt[..<count] + Self.prompt[count...].map { 250 - $0 }
        let former = try Self.pipeline(change.before, cache: .f16)
        _ = try Self.goOn(former, Self.prompt, count: 4, slot: 0, chunk: 64)
        _ = try Self.goOn(former, Array(other), count: 4, slot: 1, chunk: 64)
        let next = try Self.successor(of: former, change, cache: .f16)
        _ = try Self.goOn(next, Self.prompt, count: 1, slot: 0, chunk: 64)
        let expected = try Self.goOn(
            Self.pipeline([], cache: .f16), Array(other), count: 9, slot: 1, chunk: 64)
        let found = try Self.goOn(
            next, Array(other), count: 9, slot: 1,
            prefix: SharedPrefix(slot: 0, tokenCount: UInt32(count)), chunk: 64)
        #expect(found == expected)
    }

    /// What is given up is not checked; it may say that it stands anywhere.
    @Test func `nothing is kept of who was given up`() throws {
        let pool = try ComputePool(threadCount: 1)
        let first = try Self.stage(try Self.ranges([2, 4])[0], pool, cache: .f16)
        let output = AlignedBuffer(byteCount: first.hopByteCount(tokens: 64))
        try first.open(slot: 0, sampling: .init())
        _ = try first.forward(Step(id: 1, entries: entries(Self.prompt)), hop: nil, output: output.bytes)
        #expect(first.giveUp(StageError(.notFinite, "lost", slot: 0)))
        for position in [95, 96, 1 << 20, Int(UInt32.max)] {
            let step = Step(id: 2, entries: entries([1], from: position))
            _ = try first.forward(step, hop: nil, output: output.bytes)
        }
        #expect(first.leave()?.tokenCount == 40)
        _ = try first.forward(
            Step(id: 2, entries: entries([1], from: 9)), hop: nil, output: output.bytes)
        #expect(first.leave()?.tokenCount == 9)
    }

    /// A stage that has nothing to compute does not even look at what arrives.
    @Test func `a stage that knows all of a prompt hands on what it handed on before`() throws {
        let pool = try ComputePool(threadCount: 1)
        let layers = try Self.ranges([2, 4])[1]
        let step = Step(id: 1, entries: entries(Self.prompt))
        let first = try Self.stage(try Self.ranges([2, 4])[0], pool, cache: .f16)
        let former = try Self.stage(layers, pool, cache: .f16)
        let byteCount = former.hopByteCount(tokens: step.entries.count)
        let (hop, handedOn, again) = (
            AlignedBuffer(byteCount: byteCount), AlignedBuffer(byteCount: byteCount),
            AlignedBuffer(byteCount: byteCount)
        )
        try first.open(slot: 0, sampling: .init())
        try former.open(slot: 0, sampling: .init())
        _ = try first.forward(step, hop: nil, output: hop.bytes)
        _ = try former.forward(step, hop: hop.readOnly, output: handedOn.bytes)
        let kept = try #require(
            former.leave()?.claimed(by: layers, of: Self.model, Self.settings(.f16), room: 0))
        let next = try Self.stage(layers, pool, cache: .f16, kept: kept)
        try next.open(slot: 0, sampling: .init())
        hop.bytes.initializeMemory(as: UInt8.self, repeating: 0xFF)
        _ = try next.forward(step, hop: hop.readOnly, output: again.bytes)
        #expect(again.readOnly.elementsEqual(handedOn.readOnly))
        #expect(next.tokenCount(of: 0) == 40)
        // What is not known needs what arrives.
        let unknown = Step(id: 2, entries: entries([1], from: 40))
        #expect(throws: StageError.self) {
            try next.forward(
                unknown, hop: UnsafeRawBufferPointer(rebasing: hop.readOnly[..<next.hopByteCount(tokens: 1)]),
                output: again.bytes)
        }
    }

    @Test func `nothing is claimed that would not fit`() throws {
        let former = try Self.pipeline([2, 4], cache: .f16)
        #expect(former.stages[0].leave() == nil)
        _ = try Self.goOn(former, Self.prompt, count: 1, slot: 0, chunk: 64)
        let left = try #require(former.stages[0].leave())
        #expect(left.tokenCount == 40)
        let layers = try Self.ranges([4])[0]
        func claimed(_ change: (inout ModelDescription, inout StageSettings) -> Void) -> KeptStates? {
            var (model, settings) = (Self.model, Self.settings(.f16))
            change(&model, &settings)
            return left.claimed(by: layers, of: model, settings, room: .max)
        }
        #expect(claimed { _, _ in }?.layerCount == 2)
        #expect(claimed { model, _ in model.normEpsilon = 1e-6 } == nil)
        #expect(claimed { _, settings in settings.cache.slots = 4 } == nil)
        #expect(claimed { _, settings in settings.cache.context = 95 } == nil)
        #expect(claimed { _, settings in settings.cache.type = .f32 } == nil)
        #expect(claimed { _, settings in settings.keepsStates = false } == nil)
        let others = try Self.ranges([2])[1]
        #expect(left.claimed(by: others, of: Self.model, Self.settings(.f16), room: .max) == nil)
    }
}

extension StepResult {
    func moved(to slot: UInt32) -> StepResult {
        StepResult(
            slot: slot, position: position, token: token, logProbability: logProbability,
            alternatives: alternatives, failure: failure)
    }
}
