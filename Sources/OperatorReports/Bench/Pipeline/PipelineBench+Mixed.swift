// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import Synchronization
import TextGeneration

extension PipelineBench {
    /// Lets `streamCount` sequences generate, sends a prompt of `promptTokenCount` tokens among them, and compares
    /// the gaps before it came with those while it was read.
    ///
    /// - Parameters:
    ///   - quietTokenCount: tokens of each stream before the prompt comes.
    ///   - chunk: prompt tokens of one step.
    func mixed(
        streamCount: Int, promptTokenCount: Int, quietTokenCount: Int, chunk: Int
    ) async throws -> BenchRecord.Mixed {
        let chunkSeconds = try await chunkSeconds(chunk)
        let arrivals = Arrivals(streamCount: streamCount)
        let isQuiet = AsyncStream<Void>.makeStream()
        let generator = generator
        let requests = (0..<streamCount).map { request(7 << 32 + $0, prompt: 1, tokenCountMax: .max) }
        let prompt = request(8 << 32, prompt: promptTokenCount, tokenCountMax: 1)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            for (index, request) in requests.enumerated() {
                group.addTask {
                    for try await event in generator.generate(request) {
                        guard case .token = event else { continue }
                        if arrivals.add(to: index) > quietTokenCount { isQuiet.continuation.yield() }
                    }
                }
            }
            for await _ in isQuiet.stream { break }
            let start = ContinuousClock.now
            for try await event in generator.generate(prompt) {
                if case .token = event { break }
            }
            let end = ContinuousClock.now
            let all = arrivals.times
            return BenchRecord.Mixed(
                streams: streamCount, promptTokens: promptTokenCount,
                quietGapP95Ms: Self.gapMs(all) { $0 <= start },
                busyGapP95Ms: Self.gapMs(all) { $0 > start && $0 <= end }, chunkMs: chunkSeconds * 1e3,
                promptSeconds: start.duration(to: end).seconds)
        }
    }

    /// Median of what the stages take for a chunk together.
    private func chunkSeconds(_ chunk: Int) async throws -> Double {
        var seconds: [Double] = []
        for round in 0..<3 {
            let rate = try await prefill(tokenCount: chunk, round: 9 << 32 + round)
            seconds.append(Double(chunk) / rate)
        }
        return seconds.sorted()[1]
    }

    private static func gapMs(
        _ arrivals: [[ContinuousClock.Instant]], _ isCounted: (ContinuousClock.Instant) -> Bool
    ) -> Double {
        let gaps = arrivals.flatMap { times in
            zip(times, times.dropFirst()).filter { isCounted($1) }.map { $0.duration(to: $1).seconds * 1e3 }
        }.sorted()
        return gaps.isEmpty ? 0 : gaps[min(gaps.count * 95 / 100, gaps.count - 1)]
    }
}

/// When the tokens of each stream came.
private final class Arrivals: Sendable {
    private let state: Mutex<[[ContinuousClock.Instant]]>

    init(streamCount: Int) {
        state = Mutex(Array(repeating: [], count: streamCount))
    }

    /// - Returns: tokens of the stream that has fewest.
    func add(to stream: Int) -> Int {
        state.withLock { times in
            times[stream].append(.now)
            return times.map(\.count).min() ?? 0
        }
    }

    var times: [[ContinuousClock.Instant]] { state.withLock { $0 } }
}
