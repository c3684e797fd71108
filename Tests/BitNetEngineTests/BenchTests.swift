// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import BitNetSynthesis
import Testing

/// What measuring is made of; nobody checks how fast anything is.
@Suite struct BenchTests {
    @Test func `the middle of numbers`() {
        #expect([Double]().median == 0)
        #expect([3.0].median == 3)
        #expect([9.0, 1, 5].median == 5)
        #expect([4.0, 1, 9, 2].median == 3)
    }

    @Test(arguments: ModelShape.allCases)
    func `shapes describe models that can be run`(shape: ModelShape) {
        let model = shape.description
        #expect(model.invalidity == nil)
        #expect((1...model.layerCount).contains(shape.layerCountMeasured))
        let asked = Set(
            TensorShape.all(of: .layer(0), in: model).filter { $0.form.isTernary }
                .map { [$0.rows, $0.columns] })
        #expect(Set(shape.matrices.map { [$0.rows, $0.columns] }) == asked)
        #expect(shape.matrices.count == asked.count)
    }

    @Test func `known models have as many weights as they are named for`() {
        let billions = [ModelShape.twoBillion, .eightBillion, .seventyBillion].map { shape in
            let model = shape.description
            let layer = TensorShape.all(of: .layer(0), in: model).reduce(0) { $0 + $1.rows * $1.columns }
            let tables = (model.hasTiedHead ? 1 : 2) * model.vocabularySize * model.hiddenSize
            return Double(layer * model.layerCount + tables) / 1e9
        }
        #expect(abs(billions[0] - 2.4) < 0.05)
        #expect(abs(billions[1] - 8.03) < 0.05)
        #expect(abs(billions[2] - 70.6) < 0.1)
    }

    @Test func `synthetic parts are valid, finite, and the same every time`() throws {
        let model = ModelShape.tiny.description
        for kind in [PartReference.Kind.embedding, .layer(0), .outputNorm, .head] {
            let parts = try [0, 1].map { _ in
                try SyntheticParts(model: model).withPart(kind) { part in
                    try part.check(kind, of: model)
                    return part.tensors.values.sorted { $0.role.rawValue < $1.role.rawValue }
                        .map { Array($0.bytes) }
                }
            }
            #expect(parts[0] == parts[1])
            // Rows of one tensor differ, or ties and caches would tell stories.
            try SyntheticParts(model: model).withPart(kind) { part in
                for tensor in part.tensors.values where tensor.rows > 1 {
                    let rows = Set((0..<tensor.rows).map { Array(tensor.row($0)) })
                    #expect(rows.count == tensor.rows, "\(kind), \(tensor.role)")
                    guard tensor.encoding == .float16 else { continue }
                    let sizes = tensor.bytes.bindMemory(to: UInt16.self).map { $0 & 0x7FFF }
                    #expect(sizes.allSatisfy { (0x1800..<0x2800).contains($0) })
                }
            }
        }
    }

    @Test(arguments: [HeadType.fast, .exact], [nil, 10])
    func `a model's phases are measured, and layers that are not there counted`(
        head: HeadType, layerCountTotal: Int?
    ) throws {
        let model = ModelShape.tiny.description
        var options = ModelBench.Options()
        options.context = 20
        options.prefillTokens = 33
        options.prefillChunk = 16
        options.headType = head
        options.threadCount = 2
        options.phaseSeconds = 0
        options.roundsMin = 2
        options.layerCountTotal = layerCountTotal
        let parts = SyntheticParts(model: model)
        let bench = try ModelBench(
            model: model, kernels: Kernels(), options: options, withPart: parts.withPart)
        #expect(bench.layerFactor == (layerCountTotal == nil ? 1 : 5))
        #expect(bench.memory.total > 0)
        let one = try bench.decode("decode", sequences: 1)
        let eight = try bench.decode("together", sequences: 8)
        let prompt = try bench.prefill()
        #expect([one, eight, prompt].map(\.tokensPerRun) == [1, 8, 33])
        for phase in [one, eight, prompt] {
            #expect(phase.rounds == 2)
            #expect(phase.tokensPerSecond > 0 && phase.readRate > 0)
            func seconds(_ section: StepProfile.Section) -> Double {
                phase.sections.first { $0.section == section }?.seconds ?? -1
            }
            #expect(seconds(.head) == 0 || head == .exact)
            #expect(seconds(.fastHead) == 0 || head == .fast)
            #expect(seconds(.hop) == 0)
            for section in StepProfile.Section.allCases where section.isPerLayer {
                #expect(seconds(section) > 0, "\(section)")
            }
        }
        let factor = UInt64(bench.layerFactor)
        let keysAndValues = UInt64(2 * model.keyValueSize * 2 * 24 * model.layerCount)
        #expect(eight.byteCount - one.byteCount == 7 * keysAndValues * factor)
        #expect(one.byteCount > bench.layerByteCount * factor)
        // Three steps read the layers three times.
        #expect(prompt.byteCount > 3 * bench.layerByteCount * factor)
    }

    @Test func `a context that the model has not is refused`() throws {
        var options = ModelBench.Options()
        options.context = ModelShape.tiny.description.contextLength
        let parts = SyntheticParts(model: ModelShape.tiny.description)
        let error = #expect(throws: EngineError.self) {
            try ModelBench(
                model: ModelShape.tiny.description, kernels: Kernels(), options: options,
                withPart: parts.withPart)
        }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test(arguments: KernelChoice.available)
    func `every configuration of a matrix is measured`(choice: KernelChoice) throws {
        var options = KernelBench.Options()
        options.tokenCounts = [1, 3, 20]
        options.threadCounts = [1, 2]
        options.weightByteCount = 1 << 20
        options.rounds = 2
        options.roundSeconds = 0
        let bench = try KernelBench(kernels: Kernels(choice), options: options)
        let found = try bench.measure(rows: 64, columns: 336)
        #expect(found.count == 2 * (2 * 2 + 1))
        #expect(found.allSatisfy { $0.seconds > 0 && $0.quantiseSeconds > 0 && $0.readRatio > 0 })
        #expect(found.allSatisfy { $0.product == .dot8 || $0.tokens < 20 })
        #expect(bench.best.map(\.threads) == [1, 2])
        #expect(bench.layoutRates.count == 8)
        #expect((bench.best[0].multiplyAddRate == nil) == (found[0].multiplyAddRatio == nil))
    }
}

@Suite struct StageMeterTests {
    @Test(arguments: CacheType.allCases)
    func `a worker measures a shape: curves that ascend, and figures that are numbers`(
        cacheType: CacheType
    ) throws {
        let shape = ModelDescription.Shape(
            layerCount: 2, hiddenSize: 256, feedForwardSize: 512, headCount: 4, keyValueHeadCount: 2,
            headSize: 64, vocabularySize: 4096, hasSubNorms: true)
        let meter = try StageMeter(
            shape: shape, activation: .squaredReLU, kernels: Kernels(), threadCount: 1, cacheType: cacheType,
            headType: .fast)
        let figures = try meter.measure()
        for curve in [figures.layer, figures.prefill, figures.head] {
            #expect(curve.first != nil)
            #expect(curve.map(\.count) == curve.map(\.count).sorted())
            #expect(curve.allSatisfy { $0.seconds > 0 && $0.seconds.isFinite })
        }
        #expect(figures.layer.first?.count == 1)
        #expect(figures.readBytesPerSecond > 0)
        #expect(figures.attentionSecondsPerToken >= 0)
        #expect(figures.layerByteCount > 0)
    }

    @Test(arguments: TensorEncoding.allCases.filter { $0.scaleGroup != nil || $0 == .t5Rows })
    func `a shape of scaled groups is measured, as large as its weights are`(encoding: TensorEncoding) throws
    {
        let shape = ModelDescription.Shape(
            layerCount: 2, hiddenSize: 256, feedForwardSize: 512, headCount: 4, keyValueHeadCount: 2,
            headSize: 64, vocabularySize: 4096, hasSubNorms: false, hasHeadNorms: true)
        let meter = try StageMeter(
            shape: shape, activation: .siLU, matrixEncoding: encoding,
            activationGroup: encoding.scaleGroup ?? 128, kernels: Kernels(), threadCount: 1, cacheType: .f16,
            headType: .fast)
        let figures = try meter.measure()
        let plain = try StageMeter(
            shape: shape, activation: .siLU, kernels: Kernels(), threadCount: 1, cacheType: .f16,
            headType: .fast
        ).measure()
        #expect(figures.layerByteCount > plain.layerByteCount)
        #expect(figures.layer.allSatisfy { $0.seconds > 0 })
    }

    @Test(arguments: TensorEncoding.allCases.filter(\.isTernary))
    func `a ternary head is measured as it is, in as much memory as was said`(head: TensorEncoding) throws {
        let shape = ModelDescription.Shape(
            layerCount: 1, hiddenSize: 256, feedForwardSize: 256, headCount: 4, keyValueHeadCount: 2,
            headSize: 64, vocabularySize: 1 << 18, hasSubNorms: false, hasHeadNorms: true)
        let group = head.scaleGroup ?? 128
        let encoding = try #require(TensorEncoding(scaleGroup: group, isHalf: true))
        let kernels = try Kernels()
        func byteCount(_ ternaryHead: TensorEncoding?) -> UInt64 {
            StageMeter.byteCount(
                shape: shape, activation: .siLU, matrixEncoding: encoding, activationGroup: group,
                ternaryHead: ternaryHead, kernels: kernels, threadCount: 1, cacheType: .f16, headType: .fast)
        }
        // All 64 Mi values of this head at two bits, beside as many at 16 bits and 8.
        #expect(byteCount(head) < byteCount(nil) - 100 << 20)
        let meter = try StageMeter(
            shape: shape, activation: .siLU, matrixEncoding: encoding, activationGroup: group,
            ternaryHead: head, kernels: kernels, threadCount: 1, cacheType: .f16, headType: .fast)
        let figures = try meter.measure()
        #expect(figures.head.allSatisfy { $0.seconds > 0 && $0.seconds.isFinite })
    }

    @Test func `a model of fewer tokens than are measured at once is measured`() throws {
        let shape = ModelDescription.Shape(
            layerCount: 2, hiddenSize: 256, feedForwardSize: 512, headCount: 4, keyValueHeadCount: 2,
            headSize: 64, vocabularySize: 24, hasSubNorms: true)
        let meter = try StageMeter(
            shape: shape, activation: .squaredReLU, kernels: Kernels(), threadCount: 1, cacheType: .f16,
            headType: .fast)
        #expect(try meter.measure().prefill.isEmpty == false)
    }

    @Test(arguments: 0...12)
    func `a measurement ends where nobody waits for it any more`(wantedCount: Int) throws {
        let shape = ModelDescription.Shape(
            layerCount: 2, hiddenSize: 256, feedForwardSize: 512, headCount: 4, keyValueHeadCount: 2,
            headSize: 64, vocabularySize: 4096, hasSubNorms: true)
        var askedCount = 0
        #expect(throws: CancellationError.self) {
            let meter = try StageMeter(
                shape: shape, activation: .squaredReLU, kernels: Kernels(), threadCount: 1, cacheType: .f16,
                headType: .fast,
                while: {
                    askedCount += 1
                    return askedCount <= wantedCount
                })
            _ = try meter.measure()
        }
        #expect(askedCount == wantedCount + 1)
    }

    @Test func `what measuring takes is known before anything is allocated`() throws {
        func byteCount(_ change: (inout ModelDescription.Shape) -> Void) throws -> UInt64 {
            var shape = ModelShape.seventyBillion.sizes
            change(&shape)
            #expect(shape.invalidity == nil)
            return StageMeter.byteCount(
                shape: shape, activation: .siLU, kernels: try Kernels(), threadCount: 1, cacheType: .f16,
                headType: .fast)
        }
        // A layer of 70B takes 214 MB at two bits a weight, and 171 MB as it is sent.
        #expect((300 << 20...1 << 30 as ClosedRange<UInt64>).contains(try byteCount { _ in }))
        let largest = try byteCount { shape in
            shape.hiddenSize = Limits.hiddenSizeMax
            shape.feedForwardSize = Limits.feedForwardSizeMax
            shape.vocabularySize = Limits.vocabularyMax
            shape.layerCount = Limits.layersMax
        }
        #expect(largest > 20 << 30)
    }
}
