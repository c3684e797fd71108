// SPDX-License-Identifier: MIT
package import BitNetCore

/// Measures within two seconds what stages of a model will take on this machine, before any of it is here.
///
/// Computes with a few layers of the model's shape and random weights, enough of them that they do not stay in
/// the processor's cache between steps, and with a part of the vocabulary, from which the whole head's time is
/// calculated.
package struct StageMeter {
    /// Seconds for a number of tokens or rows.
    package typealias Curve = [(count: Int, seconds: Double)]

    package struct Figures: Sendable {
        /// Tokens of one step, each of another sequence → one layer.
        package var layer: Curve = []
        /// Tokens of a chunk of one prompt → one layer.
        package var prefill: Curve = []
        /// Rows that bring a token → final norm, head and sampling.
        package var head: Curve = []
        /// What a step takes beyond layers and head.
        package var stepSeconds = 0.0
        package var readBytesPerSecond = 0.0
        /// In one layer, for each cached token that a token attends to.
        package var attentionSecondsPerToken = 0.0
        /// Memory of one layer's weights.
        package var layerByteCount: UInt64 = 0
    }

    /// Weights that are read before the first ones are read again; larger than most last-level caches.
    private static let weightByteCount = 96 << 20
    /// Head in int8 at least, or ternary, bytes, for the same reason.
    private static let headByteCount = 64 << 20
    private static let readByteCount = 96 << 20
    /// In the order in which they are measured; without the first two there is no telling how many at a time
    /// share the reading of weights.
    private static let decodeCounts = [1, 8, 2, 4, 16, 32]
    private static let decodeCountsMin = 2
    private static let chunkCounts = [16, 64]
    /// The best of so many: whoever shares the machine only makes it slower.
    private static let runCount = 3
    private static let contextLength = 512
    /// After so long no further point is measured; the curves go on with their last slope.
    private static let timeLimit: Duration = .milliseconds(1000)

    private let stage: Stage
    private let pool: ComputePool
    private let kernels: Kernels
    /// By how much the model's head is larger than the one that is measured.
    private let headFactor: Double
    private let isWanted: () -> Bool

    /// - Parameters:
    ///   - ternaryHead: how the trits of the head are written; `nil` for a head of floats.
    ///   - isWanted: whether somebody waits for it; asked between parts, and between what is measured.
    /// - Throws: ``EngineError`` if there is no memory for it, `CancellationError` once nobody waits.
    package init(
        shape: ModelDescription.Shape, activation: ModelDescription.Activation,
        matrixEncoding: TensorEncoding = .t5, activationGroup: Int = 0, ternaryHead: TensorEncoding? = nil,
        kernels: Kernels, threadCount: Int, cacheType: CacheType, headType: HeadType,
        while isWanted: @escaping () -> Bool = { true }
    ) throws {
        self.isWanted = isWanted
        let tables = Self.tables(ternaryHead)
        let sample = Self.sample(of: shape, activation, matrixEncoding, activationGroup, tables, kernels)
        headFactor = Double(shape.vocabularySize) / Double(sample.vocabularySize)
        self.kernels = kernels
        let pool = try ComputePool(threadCount: threadCount)
        self.pool = pool
        let parts = SyntheticParts(model: sample, tableEncoding: tables.head)
        guard let layers = LayerRange(first: 0, end: sample.layerCount) else {
            throw EngineError(.invalidConfiguration, "a model of \(sample.layerCount) layers")
        }
        var weights = try StageWeights(model: sample, layers: layers, kernels: kernels, headType: headType)
        for kind in weights.missingParts {
            try Self.goOn(isWanted)
            try parts.withPart(kind) { try weights.load(kind: kind, part: $0, pool: pool) }
        }
        let settings = Self.settings(cacheType, headType)
        stage = try Stage(
            weights: weights, cache: settings.cache, tokensPerStepMax: settings.stepTokensMax, pool: pool)
    }

    private static func goOn(_ isWanted: () -> Bool) throws {
        if !isWanted() { throw CancellationError() }
    }

    /// Bytes that measuring takes at most: the sample's stage, the largest part that it is made of, and what reading
    /// is measured with.
    ///
    /// - Precondition: a model of this shape, encoding and group has no invalidity, nor one whose matrices are written
    ///   as the ternary head.
    package static func byteCount(
        shape: ModelDescription.Shape, activation: ModelDescription.Activation,
        matrixEncoding: TensorEncoding = .t5, activationGroup: Int = 0, ternaryHead: TensorEncoding? = nil,
        kernels: Kernels, threadCount: Int, cacheType: CacheType, headType: HeadType
    ) -> UInt64 {
        let tables = tables(ternaryHead)
        let sample = sample(of: shape, activation, matrixEncoding, activationGroup, tables, kernels)
        guard let layers = LayerRange(first: 0, end: sample.layerCount) else { return .max }
        let account = MemoryAccount(
            model: sample, settings: settings(cacheType, headType), tables: tables,
            machine: kernels.machine(threadCount: threadCount))
        let largestPart = max(account.layerWeightByteCount, account.embeddingByteCount)
        return account.memory(of: layers).total + largestPart + UInt64(readByteCount)
    }

    private static func settings(_ cacheType: CacheType, _ headType: HeadType) -> StageSettings {
        StageSettings(
            cache: CacheShape(slots: decodeCounts.max() ?? 1, context: contextLength, type: cacheType),
            stepTokensMax: max(decodeCounts.max() ?? 1, chunkCounts.max() ?? 1), headType: headType)
    }

    /// A head of floats is measured in f16.
    private static func tables(_ ternaryHead: TensorEncoding?) -> TableEncodings {
        TableEncodings(embedding: ternaryHead ?? .float16)
    }

    /// A model of as many layers, and as much of the vocabulary, as are measured.
    ///
    /// How it turns positions and what it adds to a norm take no time.
    private static func sample(
        of shape: ModelDescription.Shape, _ activation: ModelDescription.Activation,
        _ matrixEncoding: TensorEncoding, _ activationGroup: Int, _ tables: TableEncodings, _ kernels: Kernels
    ) -> ModelDescription {
        var sample = ModelDescription(
            name: "measured", shape: shape, contextLength: contextLength, normEpsilon: 1e-5,
            ropeBase: 10_000, activation: activation, rotaryPairing: .halves, hasTiedHead: true,
            matrixEncoding: matrixEncoding, activationGroup: activationGroup)
        let layerByteCount = Self.layerByteCount(of: sample, kernels)
        sample.layerCount = min(max(weightByteCount / max(layerByteCount, 1), 1), shape.layerCount)
        // A byte of a ternary head has four values at most.
        let headValueCount = headByteCount * (tables.head.isTernary ? 4 : 1)
        sample.vocabularySize = min(
            shape.vocabularySize, max(headValueCount / shape.hiddenSize, 1024).roundedUp(to: 32))
        return sample
    }

    private static func layerByteCount(of model: ModelDescription, _ kernels: Kernels) -> Int {
        Int(clamping: kernels.machine(threadCount: 1).byteCount(of: .layer(0), in: model, TableEncodings()))
    }

    /// Measures everything; some points may be missing on a slow machine.
    package func measure() throws -> Figures {
        var figures = Figures()
        figures.layerByteCount = UInt64(Self.layerByteCount(of: stage.model, kernels))
        try Self.goOn(isWanted)
        figures.readBytesPerSecond = try readRate()
        defer { stage.closeAll() }
        for slot in 0..<UInt32(stage.cacheShape.slots) { try stage.open(slot: slot, sampling: greedy) }
        var positions = [UInt32](repeating: 0, count: stage.cacheShape.slots)
        let start = ContinuousClock.now
        func isLate() -> Bool { start.duration(to: .now) > Self.timeLimit }
        _ = try decode(1, &positions)
        for count in Self.decodeCounts where figures.layer.count < Self.decodeCountsMin || !isLate() {
            let times = try (0..<Self.runCount).map { _ in
                try Self.goOn(isWanted)
                return try decode(count, &positions)
            }
            figures.layer.append((count, times.map(\.layer).min() ?? 0))
            figures.head.append((count, times.map(\.head).min() ?? 0))
            if count == 1 { figures.stepSeconds = times.map(\.rest).min() ?? 0 }
        }
        figures.layer.sort { $0.count < $1.count }
        figures.head.sort { $0.count < $1.count }
        for count in Self.chunkCounts where figures.prefill.isEmpty || !isLate() {
            try Self.goOn(isWanted)
            stage.close(slot: 0)
            try stage.open(slot: 0, sampling: greedy)
            let entries = (0..<count).map {
                StepEntry(
                    slot: 0, position: UInt32($0), token: UInt32($0 % stage.model.vocabularySize),
                    output: .none)
            }
            figures.prefill.append((count, try seconds(entries).layer))
        }
        try Self.goOn(isWanted)
        figures.attentionSecondsPerToken = try attention()
        return figures
    }

    private func readRate() throws -> Double {
        let roofline = try Roofline(kernels: kernels, readByteCount: Self.readByteCount)
        return (0..<3).map { _ in roofline.readRate(pool) }.max() ?? 0
    }

    /// What one step took: one layer of it, the model's head, everything else.
    private struct StepSeconds {
        var layer: Double
        var head: Double
        var rest: Double
    }

    private func decode(_ count: Int, _ positions: inout [UInt32]) throws -> StepSeconds {
        let entries = (0..<count).map { slot in
            StepEntry(
                slot: UInt32(slot), position: positions[slot],
                token: UInt32(slot % stage.model.vocabularySize),
                output: .sample)
        }
        for slot in 0..<count { positions[slot] += 1 }
        return try seconds(entries)
    }

    private func seconds(_ entries: [StepEntry]) throws -> StepSeconds {
        let profile = StepProfile()
        stage.profile = profile
        defer { stage.profile = nil }
        _ = try stage.forward(Step(id: 0, entries: entries), hop: nil, output: nil)
        var result = StepSeconds(layer: 0, head: 0, rest: 0)
        for section in StepProfile.Section.allCases {
            switch section {
            case .embedding, .hop: result.rest += profile.seconds(section)
            case .head, .fastHead, .sampling: result.head += profile.seconds(section) * headFactor
            default: result.layer += profile.seconds(section) / Double(stage.layers.count)
            }
        }
        return result
    }

    /// From the difference between a token with many behind it and one with none.
    private func attention() throws -> Double {
        func attended(_ count: Int) throws -> Double {
            stage.close(slot: 0)
            try stage.open(slot: 0, sampling: greedy)
            stage.fillCache(slot: 0, count: count)
            let entry = StepEntry(slot: 0, position: UInt32(count), token: 0, output: .none)
            let profile = StepProfile()
            stage.profile = profile
            defer { stage.profile = nil }
            _ = try stage.forward(Step(id: 0, entries: [entry]), hop: nil, output: nil)
            return profile.seconds(.attention) / Double(stage.layers.count)
        }
        let many = Self.contextLength - 1
        _ = try attended(many)
        return max((try attended(many) - attended(0)) / Double(many), 0)
    }
}
