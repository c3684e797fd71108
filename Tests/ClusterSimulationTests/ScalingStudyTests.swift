// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterPlanning
import ClusterSimulation
import Testing

@Suite struct ScalingStudyTests {
    private static func study(layers: Int) throws -> ScalingStudy {
        let curve = try StepCostCurve.of([(1, 0.01), (2, 0.011)])
        return ScalingStudy(
            layerCount: layers, hiddenSize: 1024,
            profile: try WorkerProfile(
                layerSeconds: curve, prefillLayerSeconds: curve, headSeconds: .zero, stepSeconds: 0,
                readBytesPerSecond: 1e9, attentionSecondsPerToken: 0))
    }

    private static func results(
        _ counts: [Int], delay: Double, speed: Double, concurrency: Int, layers: Int = 64
    ) throws -> [(workerCount: Int, result: ScalingStudy.Result)] {
        let study = try study(layers: layers)
        let link = try LinkProfile(latencySeconds: delay, bytesPerSecond: speed)
        return counts.compactMap { count in
            study.run(.init(workerCount: count, link: link, concurrency: concurrency)).map { (count, $0) }
        }
    }

    @Test func `with fast links and enough sequences it scales with the workers`() throws {
        let results = try Self.results([2, 4, 8, 16], delay: 0, speed: 1e12, concurrency: 64)
        #expect(ScalingStudy.knee(results) == nil)
        #expect(results[3].result.tokensPerSecond > 3 * results[0].result.tokensPerSecond)
        #expect(results.allSatisfy { $0.result.report.finishedCount == 64 })
    }

    @Test func `one stream does not fill stages`() throws {
        let knee = ScalingStudy.knee(try Self.results([2, 4], delay: 0, speed: 1e12, concurrency: 1))
        #expect(knee?.workerCount == 2 && knee?.reason == "1 step does not fill 4 stages")
    }

    @Test func `a slow link is named with the bytes of a step`() throws {
        let knee = try #require(
            ScalingStudy.knee(try Self.results([2, 4, 8, 16], delay: 0, speed: 2e4, concurrency: 64)))
        #expect(knee.reason.hasPrefix("the link, ") && knee.reason.hasSuffix(" a step"), "\(knee)")
    }

    @Test func `long delays are named with what they are in a round`() throws {
        let knee = ScalingStudy.knee(
            (try Self.results([2, 4, 8, 16], delay: 1, speed: 1e12, concurrency: 8)))
        #expect(knee?.workerCount == 2 && knee?.reason == "delay, 5000 ms a round")
    }

    @Test func `more workers than layers have no case`() throws {
        #expect(try Self.results([2, 4], delay: 0, speed: 1e9, concurrency: 2, layers: 3).count == 1)
    }

    @Test func `sixty-four stages with five hundred sequences are a matter of moments`() throws {
        let results = try Self.results([64], delay: 0.001, speed: 1e8, concurrency: 512)
        #expect(try #require(results.first).result.report.tokenCount == 512 * 32)
    }
}
