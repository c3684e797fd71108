// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetFormats

/// Measures a whole model, in one stage, beside what the machine could do at best.
package final class ModelBench {
    package struct Options: Sendable {
        /// Tokens that a sequence holds while it is decoded.
        package var context = 512
        /// Tokens that the cache has room for, if more than a sequence ever holds.
        package var reservedContext = 0
        package var prefillTokens = 512
        package var prefillChunk = 512
        package var batch = 8
        package var cacheType = CacheType.f16
        package var headType = HeadType.fast
        package var threadCount = ComputePool.defaultThreadCount
        /// How long each of decode, batch and prefill runs at least, seconds.
        package var phaseSeconds = 4.0
        package var roundsMin = 3
        /// Layers of the model whose first are measured; the time of all is calculated.
        package var layerCountTotal: Int?

        package init() {}
    }

    /// One kind of step.
    package struct Phase: Sendable {
        package let name: String
        package let sequences: Int
        package let tokensPerRun: Int
        /// For the tokens of one run, all layers of the model.
        package var seconds = 0.0
        /// The run's time by section.
        package var sections: [(section: StepProfile.Section, seconds: Double)] = []
        /// Bytes that one run has to read, each once.
        package var byteCount: UInt64 = 0
        package var multiplyAddCount = 0.0
        /// Median of the rates measured between the runs.
        package var readRate = 0.0
        package var multiplyAddRate: Double?
        /// Time by the time that reading the bytes alone would take.
        package var readRatio = 0.0
        package var rounds = 0

        package init(name: String, sequences: Int, tokensPerRun: Int) {
            self.name = name
            self.sequences = sequences
            self.tokensPerRun = tokensPerRun
        }

        package var tokensPerSecond: Double { Double(tokensPerRun) / seconds }
        package var readSeconds: Double { Double(byteCount) / readRate }
        package var multiplySeconds: Double? { multiplyAddRate.map { multiplyAddCount / $0 } }
    }

    package let stage: Stage
    private let options: Options
    private let roofline: Roofline
    private let pool: ComputePool
    private static let decodeSteps = 8

    /// - Parameter withPart: calls its second argument with a view of the part of that kind.
    /// - Throws: ``EngineError``, or what `withPart` throws.
    package init(
        model: ModelDescription, kernels: Kernels, options: Options,
        withPart: (PartReference.Kind, (PartView) throws -> Void) throws -> Void
    ) throws {
        self.options = options
        let pool = try ComputePool(threadCount: options.threadCount)
        self.pool = pool
        guard let layers = LayerRange(first: 0, end: model.layerCount) else {
            throw EngineError(.invalidConfiguration, "a model of \(model.layerCount) layers")
        }
        let cache = CacheShape(
            slots: options.batch,
            context: max(
                options.context + Self.decodeSteps, options.prefillTokens, options.reservedContext),
            type: options.cacheType)
        guard cache.context <= model.contextLength else {
            throw EngineError(
                .invalidConfiguration,
                "\(cache.context) tokens are needed, but the context of \(model.name) is \(model.contextLength); "
                    + "lower --context or --prefill")
        }
        let tokensMax = max(min(options.prefillChunk, options.prefillTokens), options.batch)
        var weights = try StageWeights(
            model: model, layers: layers, kernels: kernels, headType: options.headType)
        for kind in weights.missingParts {
            try withPart(kind) { try weights.load(kind: kind, part: $0, pool: pool) }
        }
        stage = try Stage(weights: weights, cache: cache, tokensPerStepMax: tokensMax, pool: pool)
        roofline = try Roofline(kernels: kernels)
    }

    package var memory: StageMemory { stage.memory }

    /// How many times as many layers as measured the model has.
    package var layerFactor: Double {
        options.layerCountTotal.map { Double($0) / Double(stage.layers.count) } ?? 1
    }

    /// Bytes of the layers that were measured.
    package var layerByteCount: UInt64 { stage.layerByteCount }

    // MARK: Phases

    /// One token for each of `sequences` in every step, greedily.
    package func decode(_ name: String, sequences: Int) throws -> Phase {
        defer { stage.closeAll() }
        for slot in 0..<UInt32(sequences) {
            try stage.open(slot: slot, sampling: greedy)
            stage.fillCache(slot: slot, count: options.context)
        }
        let steps = Self.decodeSteps
        let phase = Phase(name: name, sequences: sequences, tokensPerRun: sequences)
        return try measure(phase, stepsPerRound: steps) {
            var tokens = (0..<sequences).map { UInt32($0 * 97 % stage.model.vocabularySize) }
            for step in 0..<steps {
                let entries = tokens.enumerated().map { slot, token in
                    StepEntry(
                        slot: UInt32(slot), position: UInt32(options.context + step), token: token,
                        output: .sample)
                }
                tokens = try run(entries).map(\.token)
            }
        }
    }

    /// A prompt, and the first token after it.
    package func prefill() throws -> Phase {
        try stage.open(slot: 0, sampling: greedy)
        defer { stage.closeAll() }
        let count = options.prefillTokens
        let phase = Phase(name: "prefill", sequences: 1, tokensPerRun: count)
        return try measure(phase, stepsPerRound: 1) {
            for start in stride(from: 0, to: count, by: options.prefillChunk) {
                let entries = (start..<min(start + options.prefillChunk, count)).map { position in
                    StepEntry(
                        slot: 0, position: UInt32(position),
                        token: UInt32(position * 31 % stage.model.vocabularySize),
                        output: position == count - 1 ? .sample : .none)
                }
                _ = try run(entries)
            }
        }
    }

    private func run(_ entries: [StepEntry]) throws(StageError) -> [StepResult] {
        try stage.forward(Step(id: 0, entries: entries), hop: nil, output: nil)
    }

    /// Rounds of `body`, which makes `stepsPerRound` runs, each beside the machine's best.
    private func measure(_ phase: Phase, stepsPerRound: Int, _ body: () throws -> Void) throws -> Phase {
        var phase = phase
        phase.byteCount = bytes(sequences: phase.sequences, isPrefill: phase.name == "prefill")
        phase.multiplyAddCount =
            Double(stage.ternaryWeightCount) * layerFactor * Double(phase.tokensPerRun)
        var (times, readRates, peaks): ([Double], [Double], [Double]) = ([], [], [])
        // Brings weights and threads in.
        try body()
        let profile = StepProfile()
        stage.profile = profile
        defer { stage.profile = nil }
        var total = 0.0
        while times.count < options.roundsMin || total < options.phaseSeconds {
            readRates.append(roofline.readRate(pool))
            if let peak = roofline.multiplyAddRate(pool) { peaks.append(peak) }
            let time = try seconds(body)
            total += time
            times.append(time / Double(stepsPerRound))
            // Where one takes long, fewer rounds must do.
            if total > max(4 * options.phaseSeconds, 2) { break }
        }
        let runs = Double(times.count * stepsPerRound)
        let sections = StepProfile.Section.allCases.map { section in
            let factor = section.isPerLayer ? layerFactor : 1
            return (section: section, seconds: profile.seconds(section) / runs * factor)
        }
        let scaled = sections.reduce(0) { $0 + $1.seconds }
        let measured = StepProfile.Section.allCases.reduce(0) { $0 + profile.seconds($1) } / runs
        let factor = measured > 0 ? scaled / measured : 1
        phase.seconds = times.median * factor
        phase.sections = sections
        phase.readRate = readRates.median
        phase.multiplyAddRate = peaks.isEmpty ? nil : peaks.median
        phase.readRatio =
            zip(times, readRates).map { $0 * factor / (Double(phase.byteCount) / $1) }.median
        phase.rounds = times.count
        return phase
    }

    /// Weights and head once, and the keys and values of all sequences.
    private func bytes(sequences: Int, isPrefill: Bool) -> UInt64 {
        let model = stage.model
        let steps =
            isPrefill
            ? (options.prefillTokens + options.prefillChunk - 1) / options.prefillChunk : 1
        let positions = isPrefill ? options.prefillTokens : options.context + Self.decodeSteps / 2
        let position = 2 * options.cacheType.byteCountPerPosition(model: model) * stage.layers.count
        let keysAndValues = position * positions * sequences
        let layers = Double(stage.layerByteCount) * Double(steps) + Double(keysAndValues)
        return UInt64(layers * layerFactor) + stage.headByteCount
    }
}

/// The most probable token and nothing else, for which the fast head is enough.
let greedy: SamplingParameters = {
    var sampling = SamplingParameters()
    sampling.wantsLogProbabilities = false
    return sampling
}()
