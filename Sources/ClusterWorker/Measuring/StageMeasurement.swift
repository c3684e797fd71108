// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterTransport
import ClusterWire

/// What this worker does with stages of one model: measured once, then remembered.
struct StageMeasurement: Sendable {
    let configuration: WorkerConfiguration
    let directory: String

    /// Blocks for up to two seconds, unless it is remembered, or nobody waits for it any more.
    ///
    /// - Parameter makeRoom: called before so many bytes are taken.
    /// - Throws: ``WorkerError``, ``EngineError`` if the shape cannot be measured here, `CancellationError`.
    func run(
        _ measure: Measure, makeRoom: (UInt64) -> Void, while isWanted: @escaping () -> Bool
    ) throws -> Measured {
        let path = path(of: measure)
        if !measure.ignoresMemory, let remembered = Self.remembered(path) { return remembered }
        if let reason = measure.invalidity {
            throw WorkerError("cannot measure a model whose \(reason)")
        }
        let needed = StageMeter.byteCount(
            shape: measure.shape, activation: measure.activation, matrixEncoding: measure.matrixEncoding,
            activationGroup: measure.activationGroup, ternaryHead: measure.ternaryHead,
            kernels: configuration.kernels, threadCount: configuration.threadCount,
            cacheType: measure.cacheType, headType: measure.headType)
        guard needed <= configuration.memoryByteCount else {
            throw WorkerError(
                "measuring takes \(ByteCount.text(needed)), but \(configuration.name) may use "
                    + ByteCount.text(configuration.memoryByteCount))
        }
        makeRoom(needed)
        let meter = try StageMeter(
            shape: measure.shape, activation: measure.activation, matrixEncoding: measure.matrixEncoding,
            activationGroup: measure.activationGroup, ternaryHead: measure.ternaryHead,
            kernels: configuration.kernels, threadCount: configuration.threadCount,
            cacheType: measure.cacheType, headType: measure.headType,
            while: isWanted)
        let measured = Measured(try meter.measure(), kernel: kernel)
        remember(measured, path)
        return measured
    }

    /// What computes here.
    private var kernel: String {
        let text =
            "\(configuration.kernels.name), \(configuration.threadCount) threads, "
            + configuration.kernels.productSummary
        return String(text.prefix(Limits.nameBytesMax))
    }

    // MARK: Remembering

    private func path(of measure: Measure) -> String {
        var key = measure
        key.ignoresMemory = false
        let bytes = key.encode() + Array("\(Build.name) \(kernel)".utf8)
        return "\(directory)/measurements/\(ContentDigest.of(bytes).hex)"
    }

    private static func remembered(_ path: String) -> Measured? {
        guard let file = try? MappedFile(path: path), file.byteCount <= Limits.controlBytesMax else {
            return nil
        }
        var measured = file.withBytes { try? Measured.decode([UInt8]($0)) }
        measured?.isRemembered = true
        return measured
    }

    /// A measurement that cannot be kept is made again at the next join.
    private func remember(_ measured: Measured, _ path: String) {
        try? FileSystem.makeDirectory(directory + "/measurements")
        try? OutputFile.write(measured.encode(), to: path)
    }
}

extension Measure {
    /// Why no model is like this, or `nil`.
    fileprivate var invalidity: String? {
        var model = ModelDescription(
            name: "measured", shape: shape, contextLength: 1, normEpsilon: 1e-5, ropeBase: 10_000,
            activation: activation, rotaryPairing: .halves, hasTiedHead: true, matrixEncoding: matrixEncoding,
            activationGroup: activationGroup)
        if let invalidity = model.invalidity { return invalidity }
        // A ternary head is multiplied as a layer's matrices are.
        guard let ternaryHead else { return nil }
        model.matrixEncoding = ternaryHead
        return model.invalidity.map { "head cannot be: \($0)" }
    }
}

extension Measured {
    fileprivate init(_ figures: StageMeter.Figures, kernel: String) {
        func points(_ curve: StageMeter.Curve) -> [CurvePoint] {
            curve.map { CurvePoint(count: UInt32(clamping: $0.count), seconds: $0.seconds) }
        }
        self.init()
        layer = points(figures.layer)
        prefill = points(figures.prefill)
        head = points(figures.head)
        stepSeconds = figures.stepSeconds
        readBytesPerSecond = figures.readBytesPerSecond
        attentionSecondsPerToken = figures.attentionSecondsPerToken
        layerByteCount = figures.layerByteCount
        self.kernel = kernel
    }
}
