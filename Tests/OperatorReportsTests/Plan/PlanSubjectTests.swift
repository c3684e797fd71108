// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterConfig
import ClusterCoordinator
import ClusterPlanning
import OperatorReports
import Testing

@Suite struct PlanSubjectTests {
    private let two = [("a", ", memory: 2GiB"), ("b", "")].map { (name: $0.0, rest: $0.1) }

    @Test func `what was measured wins over what is assumed of all workers`() throws {
        let shape = PlanSamples.shape
        let subject = try PlanSamples.subject(two, book: PlanSamples.book(shape))
        #expect(
            subject.origins == ["a": .measured(kernel: "avx2"), "b": .assumed(readBytesPerSecond: 20e9)])
        #expect(subject.offers[0].profile == subject.book.workers[0].profile)
        // The lower of what the worker reports and of what the file allows.
        #expect(subject.offers[0].memoryByteCount == 1 << 30)
        #expect(subject.offers[1].memoryByteCount == Limits.machineMemoryBytesMax)
    }

    @Test func `what was measured with another model is scaled and named as such`() throws {
        var shape = PlanSamples.shape
        shape.feedForwardSize *= 2
        let subject = try PlanSamples.subject(two, book: PlanSamples.book(shape))
        #expect(subject.origins["a"] == .scaled(kernel: "avx2"))
        let known = subject.book.workers[0].profile
        #expect(subject.offers[0].profile == known.scaled(from: shape, to: subject.shape))
        #expect(subject.offers[0].profile != known)
        let text = try PlanOutcome(subject, concurrency: 1).text
        #expect(text.contains("  a  measured with another model (avx2), scaled by weights\n"))
    }

    @Test func `what is assumed of one worker wins over what was measured`() throws {
        let book = try PlanSamples.book(PlanSamples.shape)
        let subject = try PlanSamples.subject(two, book: book, speeds: ["a": 1e9])
        #expect(subject.origins["a"] == .assumed(readBytesPerSecond: 1e9))
        #expect(subject.origins["b"] == .assumed(readBytesPerSecond: 20e9))
    }

    @Test func `nothing can be assumed of a worker that there is not`() {
        let error = #expect(throws: ConfigError.self) {
            try PlanSamples.subject(two, speeds: ["z": 1e9, "y": 1e9])
        }
        #expect(error?.message == "workers.yaml: there is no worker y for which to assume a speed")
    }

    @Test(arguments: [0, -1, .infinity, .nan])
    func `a speed that no memory has is refused`(speed: Double) {
        #expect(throws: ProfileError.self) { try PlanSamples.subject(two, speeds: ["a": speed]) }
    }
}
