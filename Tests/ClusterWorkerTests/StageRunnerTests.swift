// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterWire
import ClusterWorker
import Logging
import NIOCore
import Synchronization
import Testing

/// Lines and outputs of a stage that runs.
private final class Recorder: Sendable {
    private struct State {
        var lines: [String] = []
        var failures: [String] = []
        var frames: [Frame] = []
    }

    private let state = Mutex(State())

    var lines: [String] { state.withLock(\.lines) }
    var failures: [String] { state.withLock(\.failures) }
    /// What was handed on.
    var frames: [Frame] { state.withLock(\.frames) }

    func add(line: String) { state.withLock { $0.lines.append(line) } }

    func take(_ output: StageRunner.Output) {
        switch output {
        case .failure(let error): state.withLock { $0.failures.append("\(error)") }
        case .frame(let frame, let sent):
            sent()
            state.withLock { $0.frames.append(frame) }
        }
    }
}

private struct RecordingHandler: LogHandler {
    let recorder: Recorder
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        recorder.add(
            line: "\(event.level) \(event.message) " + all.map { "\($0)=\($1)" }.joined(separator: " "))
    }
}

@Suite struct StageRunnerTests {
    private static let packed = Result {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        return try ModelFile(path: root + "/Tests/Golden/awkward-90.gguf")
    }

    /// The first layers of a small model, or all, in one stage.
    private static func runner(
        _ recorder: Recorder, level: Logger.Level = .debug, layerCount: Int? = nil
    ) throws -> StageRunner {
        let file = try packed.get()
        let settings = StageSettings(
            cache: CacheShape(slots: 2, context: 64), stepTokensMax: 16, headType: .fast)
        let layers = try #require(LayerRange(first: 0, end: layerCount ?? file.description.layerCount))
        let stage = try StageLoader.load(
            model: file.description, layers: layers, settings: settings, kernels: Kernels(),
            pool: ComputePool(threadCount: 1)
        ) { kind, body in try file.pack(kind).withBytes(body) }
        var log = Logger(label: "test") { _ in RecordingHandler(recorder: recorder, logLevel: level) }
        log[metadataKey: "stage"] = "0"
        return StageRunner(stage: stage, log: log) { recorder.take($0) }
    }

    private static func prompt(_ slot: UInt32, _ tokens: [UInt32]) throws -> Frame {
        let entries = tokens.enumerated().map { index, token in
            StepEntry(
                slot: slot, position: UInt32(index), token: token,
                output: index == tokens.count - 1 ? .sample : .none)
        }
        return try Frame(.step(Step(id: 1, entries: entries)))
    }

    @Test func `a sequence leaves two lines with its request, and nothing of what it says`() async throws {
        let recorder = Recorder()
        let runner = try Self.runner(recorder)
        var sampling = SamplingParameters()
        sampling.alternativeCount = 3
        let first = Opening(slot: 0, sampling: sampling, promptTokenCount: 3, requestID: "cmpl-1")
        runner.receive(try Frame(.open(first)))
        runner.receive(try Self.prompt(0, [201, 202, 203]))
        let second = Opening(
            slot: 1, sampling: .init(), promptTokenCount: 4, prefix: SharedPrefix(slot: 0, tokenCount: 2))
        runner.receive(try Frame(.open(second)))
        runner.receive(try Frame(.close(slot: 0)))
        runner.receive(try Frame(.close(slot: 1)))
        await runner.stop()
        #expect(
            recorder.lines == [
                "debug sequence opened prompt.tokens=3 request.id=cmpl-1 shared.tokens=0 slot=0 stage=0",
                "debug sequence opened prompt.tokens=4 request.id= shared.tokens=2 slot=1 stage=0",
                "debug sequence closed request.id=cmpl-1 slot=0 stage=0 tokens=3",
                "debug sequence closed request.id= slot=1 stage=0 tokens=2",
            ])
        #expect(recorder.failures == [])
        let outcome = try OutcomeFrame.decode(#require(recorder.frames.first))
        #expect(outcome.results.first?.alternatives.count == 3)
    }

    @Test func `nothing is said above the debug level`() async throws {
        let recorder = Recorder()
        let runner = try Self.runner(recorder, level: .info)
        runner.receive(try Frame(.open(Opening(slot: 0, sampling: .init(), requestID: "cmpl-1"))))
        runner.receive(try Frame(.close(slot: 0)))
        await runner.stop()
        #expect(recorder.lines == [])
    }

    @Test func `a failure that concerns a slot names the request in it`() async throws {
        let opening = Opening(slot: 0, sampling: .init(), promptTokenCount: 3, requestID: "cmpl-1")
        let gap = Step(id: 1, entries: [StepEntry(slot: 0, position: 5, token: 1, output: .none)])
        let other = Step(id: 1, entries: [StepEntry(slot: 1, position: 0, token: 1, output: .none)])
        var banning = SamplingParameters()
        banning.biases = [TokenBias(token: UInt32(Limits.vocabularyMax) - 1, bias: -100)]
        let wrong = Opening(slot: 1, sampling: banning, requestID: "cmpl-2")
        let cases: [(PipelineItem, String)] = [
            (.step(gap), "request cmpl-1: stage of layers 0-2: slot 0, position 5"),
            (.step(other), "stage of layers 0-2: slot 1 used before it was opened"),
            (.open(wrong), "request cmpl-2: stage of layers 0-2: slot 1 opened with a bias for token"),
        ]
        for (item, beginning) in cases {
            let recorder = Recorder()
            let runner = try Self.runner(recorder)
            runner.receive(try Frame(.open(opening)))
            runner.receive(try Frame(item))
            await runner.stop()
            #expect(recorder.failures.count == 1)
            #expect(recorder.failures.first?.hasPrefix(beginning) == true, "\(recorder.failures)")
        }
    }

    @Test func `what opens and closes a sequence goes on as it came, a step with its trace and a hop`()
        async throws
    {
        let recorder = Recorder()
        let runner = try Self.runner(recorder, layerCount: 1)
        let received = [
            try Frame(.open(Opening(slot: 0, sampling: .init(), promptTokenCount: 3, requestID: "cmpl-1"))),
            try Self.prompt(0, [201, 202, 203]), try Frame(.close(slot: 0)),
        ]
        for frame in received { runner.receive(frame) }
        await runner.stop()
        #expect(recorder.failures == [])
        let frames = recorder.frames
        try #require(frames.count == 3)
        #expect(frames[0] == received[0] && frames[2] == received[2])
        let (sent, step) = (try StepFrame.decode(received[1]).step, try StepFrame.decode(frames[1]))
        let hidden = try Self.packed.get().description.hiddenSize
        #expect(step.step.id == sent.id && step.step.entries == sent.entries)
        #expect(step.step.traces.map(\.receivedBytes) == [UInt32(received[1].header.frameByteCount)])
        #expect(step.hidden == hidden)
        #expect(step.hop.readableBytes == 3 * HopLayout.byteCountPerToken(hidden: hidden))
    }

    @Test(arguments: [1, nil])
    func `a step that has no room for another trace is a failure`(layerCount: Int?) async throws {
        let recorder = Recorder()
        let runner = try Self.runner(recorder, layerCount: layerCount)
        let trace = StageTrace(computeMicros: 0, idleMicros: 0, queuedMicros: 0, receivedBytes: 0)
        var step = try StepFrame.decode(Self.prompt(0, [201])).step
        step.traces = Array(repeating: trace, count: Limits.workersMax)
        runner.receive(try Frame(.open(Opening(slot: 0, sampling: .init()))))
        runner.receive(try Frame(.step(step)))
        await runner.stop()
        #expect(recorder.failures.count == 1)
        #expect(recorder.failures.first?.contains("1025 traces") == true, "\(recorder.failures)")
    }
}
